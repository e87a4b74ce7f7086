### Texts of mails. docs/mail.md explains how to change them, and locales/glossary.md which words they use.
### A blank line in a body separates two paragraphs. Each paragraph is one line.

## Shared by all mails

greeting = { $named ->
    [yes] Hello { $name },
   *[no] Hello,
}
questions = { $has_support ->
    [yes] Questions? Write to { $support }.
   *[no] Questions? Ask your contact at { $programme }.
}
button-hint = If the button does not work, open this address:
unsubscribe = Stop receiving these emails
# A label and its value in plain text.
fact = { $label }: { $value }
# The end of a time limit, inside of a sentence.
until = { DATETIME($at, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
month = { DATETIME($month, month: "long", year: "numeric") }
# Whom to warn, inside of a sentence.
report = { $has_support ->
    [yes] write to { $support } at once
   *[no] tell { $programme } at once
}

## Facts: the label, and how the value is shown

fact-amount = Amount
    .value = { MONEY($value) }
fact-period = Period
    .value = { PERIOD($value) }
fact-paid-on = Paid on
    .value = { DATETIME($value, dateStyle: "long") }
fact-method = Method
    .value = { $value ->
        [sepa] Bank transfer (SEPA)
        [paypal] PayPal
        [wise] Wise
       *[manual] Paid directly by the programme
    }
fact-account = Account
    .value = { $value }
fact-reference = Reference
    .value = { $value }
fact-statement = Statement
    .value = { $value }
fact-changed-at = Changed
    .value = { DATETIME($value, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
fact-host = Host
    .value = { $value }
fact-endpoint = Webhook ID
    .value = { $value }
fact-paused-at = Paused
    .value = { DATETIME($value, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
fact-message = Message
    .value = { $value }
fact-reason = Reason
    .value = { $value }
fact-clicks = Clicks
    .value = { NUMBER($value) }
fact-sales = Sales
    .value = { NUMBER($value) }
fact-earned = Commission earned
    .value = { MONEY($value) }
fact-reversed = Reversed
    .value = { MONEY($value) }
fact-paid = Paid out
    .value = { MONEY($value) }
fact-payable = Payable
    .value = { MONEY($value) }
fact-pending = Pending
    .value = { MONEY($value) }

## Mails

invitation =
    .subject = { $by ->
        [person] { $inviter } invites you to { $programme }
       *[programme] Invitation to { $programme }
    }
    .body =
        { $by ->
            [person] { $inviter } has invited you to { $programme }.
           *[programme] You have been invited to { $programme }.
        }

        To accept, open the link and set up how you sign in. The link works until { until }.

        If you did not expect this invitation, you can ignore this email.
    .button = Accept the invitation
    .why = You are receiving this email because your address was entered in an invitation to { $programme }.

sign_in_link =
    .subject = Your sign-in link for { $programme }
    .body =
        This link signs you in once. It works for { $minutes ->
            [one] { $minutes } minute
           *[other] { $minutes } minutes
        }.

        Do not share it. Nobody at { $programme } will ever ask you for it.

        If you did not ask for it, ignore this email. Nobody can sign in without the link.
    .button = Sign in
    .why = You are receiving this email because a sign-in link was requested for this address.

payout_sent =
    .subject = Your payout of { MONEY($amount) } has been sent
    .body =
        We have sent you a payout of { MONEY($amount) }. Depending on your bank or provider, it may take a few days to arrive.
    .button = View the statement
    .why = You are receiving this email because { $programme } sends you payouts.

payout_details_changed =
    .subject = Your payout details were changed
    .body =
        { $by ->
            [partner] Your payout details at { $programme } were changed from your account.
           *[programme] { $programme } has changed your payout details.
        }

        { $held ->
            [yes] To protect you, payouts to the new details are held until { until }.
           *[no] { "" }
        }

        { $by ->
            [partner] If you made this change, you do not need to do anything. If not, { report }, so that no payout goes to another account. Then check who has access to your account.
           *[programme] If you did not ask for this change, { report }, so that no payout goes to another account.
        }

        We never ask for your account number by email.
    .button = Check the payout details
    .why = This email protects your payouts. That is why you cannot unsubscribe from it.

webhook_disabled =
    .subject = The webhook to { $host } is paused
    .body =
        { $reason ->
            [gone] Your webhook no longer receives events. The server answered 410 Gone.
            [failing] Your webhook no longer receives events. Every attempt failed for five days.
           *[requested] Your webhook no longer receives events. Somebody paused it.
        }

        Fix the problem on the server, then activate the webhook again. After that, you can have the missed events sent again.
    .button = View the webhook
    .why = You are receiving this email because this address is the contact for the webhook.

application_received =
    .subject = We have received your application to { $programme }
    .body =
        We have received your application to { $programme }. Thank you!

        We will read it and answer by email to this address. Until then, you do not need to do anything.
    .why = You are receiving this email because an application to { $programme } was made with this address. If that was not you, you can ignore it.

application_accepted =
    .subject = Your application to { $programme } was accepted
    .body =
        Your application was accepted. Welcome to { $programme }!

        Set up your account, make your first referral link and enter your payout details. The link in this email works until { until }.
    .button = Set up the account
    .why = You are receiving this email because you applied to { $programme }.

application_declined =
    .subject = Your application to { $programme }
    .body =
        We have read your application to { $programme }. Unfortunately, we cannot accept it.

        If you think that this is a misunderstanding, please tell us.
    .why = You are receiving this email because you applied to { $programme }.

monthly_statement =
    .subject = Your statement for { month }
    .body =
        These are your figures at { $programme } for { month }. The amounts are as of the end of the month.

        Pending commission becomes payable when the refund period has ended.
    .button = View the statement
    .why = You are receiving this email because you take part in { $programme }.
