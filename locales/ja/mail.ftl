### メールの文面。変更方法は docs/mail.md、用語は locales/glossary.md を参照。
### 空行は段落の区切り。各段落は 1 行で書く。

## すべてのメールに共通

greeting = { $named ->
    [yes] { $name } 様
   *[no] こんにちは。
}
questions = { $has_support ->
    [yes] ご不明な点は { $support } までお問い合わせください。
   *[no] ご不明な点は { $programme } の担当者までお問い合わせください。
}
button-hint = ボタンが使えない場合は、次の URL を開いてください。
unsubscribe = このメールの配信を停止する
fact = { $label }：{ $value }
until = { DATETIME($at, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
month = { DATETIME($month, month: "long", year: "numeric") }
report = { $has_support ->
    [yes] すぐに { $support } までご連絡ください
   *[no] すぐに { $programme } までご連絡ください
}

## 項目：名称と値の表示

fact-amount = 金額
    .value = { MONEY($value) }
fact-period = 対象期間
    .value = { PERIOD($value) }
fact-paid-on = 支払日
    .value = { DATETIME($value, dateStyle: "long") }
fact-method = 支払方法
    .value = { $value ->
        [sepa] 銀行振込（SEPA）
        [paypal] PayPal
        [wise] Wise
       *[manual] プログラムからの直接払い
    }
fact-account = 支払先
    .value = { $value }
fact-reference = 照会番号
    .value = { $value }
fact-statement = 明細書番号
    .value = { $value }
fact-changed-at = 変更日時
    .value = { DATETIME($value, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
fact-host = ホスト
    .value = { $value }
fact-endpoint = Webhook ID
    .value = { $value }
fact-paused-at = 停止日時
    .value = { DATETIME($value, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
fact-message = メッセージ
    .value = { $value }
fact-reason = 理由
    .value = { $value }
fact-clicks = クリック数
    .value = { NUMBER($value) }
fact-sales = 成約数
    .value = { NUMBER($value) }
fact-earned = 獲得した報酬
    .value = { MONEY($value) }
fact-reversed = 取消
    .value = { MONEY($value) }
fact-paid = 支払済み
    .value = { MONEY($value) }
fact-payable = 支払可能
    .value = { MONEY($value) }
fact-pending = 未確定
    .value = { MONEY($value) }

## メール

invitation =
    .subject = { $by ->
        [person] { $inviter } さんから { $programme } への招待
       *[programme] { $programme } への招待
    }
    .body =
        { $by ->
            [person] { $inviter } さんから { $programme } に招待されています。
           *[programme] { $programme } に招待されています。
        }

        招待を承諾するには、リンクを開いてサインイン方法を設定してください。リンクの有効期限は { until } です。

        この招待にお心当たりがない場合は、このメールを破棄してください。
    .button = 招待を承諾する
    .why = このメールは、{ $programme } への招待でこのメールアドレスが指定されたため、お送りしています。

sign_in_link =
    .subject = { $programme } のサインイン用リンク
    .body =
        このリンクを使うと、一度だけサインインできます。有効期間は { $minutes } 分です。

        リンクを他の人に教えないでください。{ $programme } の担当者がリンクをお尋ねすることは決してありません。

        お心当たりがない場合は、このメールを破棄してください。リンクがなければ、誰もサインインできません。
    .button = サインインする
    .why = このメールは、このメールアドレスでサインイン用リンクが要求されたため、お送りしています。

payout_sent =
    .subject = { MONEY($amount) } をお支払いしました
    .body =
        { MONEY($amount) } をお支払いしました。銀行や決済サービスによっては、着金まで数日かかることがあります。
    .button = 明細書を見る
    .why = このメールは、{ $programme } からのお支払いを受け取る方にお送りしています。

payout_details_changed =
    .subject = 支払先情報が変更されました
    .body =
        { $by ->
            [partner] { $programme } の支払先情報が、お客様のアカウントから変更されました。
           *[programme] { $programme } が、お客様の支払先情報を変更しました。
        }

        { $held ->
            [yes] 安全のため、新しい支払先へのお支払いは { until } まで保留されます。
           *[no] { "" }
        }

        { $by ->
            [partner] ご自身で変更された場合は、何もする必要はありません。お心当たりがない場合は、別の口座にお支払いが行われないよう、{ report }。その後、アカウントを利用できる人を確認してください。
           *[programme] この変更を依頼していない場合は、別の口座にお支払いが行われないよう、{ report }。
        }

        メールで口座番号をお尋ねすることはありません。
    .button = 支払先情報を確認する
    .why = このメールは、お支払いの安全を守るためにお送りしています。そのため、配信を停止することはできません。

webhook_disabled =
    .subject = { $host } への Webhook を停止しました
    .body =
        { $reason ->
            [gone] Webhook へのイベントの送信を停止しました。サーバーが 410 Gone を返しました。
            [failing] Webhook へのイベントの送信を停止しました。5 日間、すべての送信が失敗しました。
           *[requested] Webhook へのイベントの送信を停止しました。手動で停止されました。
        }

        サーバーの問題を解決してから、Webhook を再開してください。その後、停止中に発生したイベントを再送できます。
    .button = Webhook を見る
    .why = このメールは、このメールアドレスが Webhook の連絡先になっているため、お送りしています。

application_received =
    .subject = { $programme } へのお申し込みを受け付けました
    .body =
        { $programme } へのお申し込みを受け付けました。ありがとうございます。

        内容を確認のうえ、このメールアドレスにお返事いたします。それまで何もする必要はありません。
    .why = このメールは、このメールアドレスで { $programme } へのお申し込みがあったため、お送りしています。お心当たりがない場合は、破棄してください。

application_accepted =
    .subject = { $programme } へのお申し込みが承認されました
    .body =
        お申し込みが承認されました。{ $programme } へようこそ。

        アカウントを設定し、最初の紹介リンクを作成して、支払先情報を登録してください。このメールのリンクの有効期限は { until } です。
    .button = アカウントを設定する
    .why = このメールは、{ $programme } にお申し込みいただいたため、お送りしています。

application_declined =
    .subject = { $programme } へのお申し込みについて
    .body =
        { $programme } へのお申し込みを確認しました。誠に残念ながら、今回は承認を見送らせていただきます。

        行き違いがあると思われる場合は、お知らせください。
    .why = このメールは、{ $programme } にお申し込みいただいたため、お送りしています。

monthly_statement =
    .subject = { month }の明細書
    .body =
        { $programme } での { month }の実績です。金額は月末時点のものです。

        未確定の報酬は、返金期間が終わると支払可能になります。
    .button = 明細書を見る
    .why = このメールは、{ $programme } に参加されている方にお送りしています。
