### Texte der E-Mails. docs/mail.md erklärt, wie man sie ändert, und locales/glossary.md, welche Wörter sie verwenden.
### Eine Leerzeile trennt zwei Absätze. Jeder Absatz ist eine Zeile.
### Nach der Anrede steht ein Komma: Der erste Satz beginnt deshalb mit einem Wort, das immer großgeschrieben wird.

## Für alle E-Mails

greeting = { $named ->
    [yes] Guten Tag { $name },
   *[no] Guten Tag,
}
questions = { $has_support ->
    [yes] Fragen? Schreiben Sie an { $support }.
   *[no] Fragen? Wenden Sie sich an Ihre Kontaktperson bei { $programme }.
}
button-hint = Falls die Schaltfläche nicht funktioniert, öffnen Sie diese Adresse:
unsubscribe = Diese E-Mails abbestellen
fact = { $label }: { $value }
until = { DATETIME($at, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
month = { DATETIME($month, month: "long", year: "numeric") }
report = { $has_support ->
    [yes] schreiben Sie sofort an { $support }
   *[no] informieren Sie sofort { $programme }
}

## Angaben: die Bezeichnung und die Darstellung des Werts

fact-amount = Betrag
    .value = { MONEY($value) }
fact-period = Zeitraum
    .value = { PERIOD($value) }
fact-paid-on = Gezahlt am
    .value = { DATETIME($value, dateStyle: "long") }
fact-method = Zahlungsweg
    .value = { $value ->
        [sepa] Überweisung (SEPA)
        [paypal] PayPal
        [wise] Wise
       *[manual] Direkt durch das Programm
    }
fact-account = Konto
    .value = { $value }
fact-reference = Referenz
    .value = { $value }
fact-statement = Abrechnung
    .value = { $value }
fact-changed-at = Geändert am
    .value = { DATETIME($value, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
fact-host = Server
    .value = { $value }
fact-endpoint = Webhook-ID
    .value = { $value }
fact-paused-at = Pausiert am
    .value = { DATETIME($value, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
fact-message = Nachricht
    .value = { $value }
fact-reason = Grund
    .value = { $value }
fact-clicks = Klicks
    .value = { NUMBER($value) }
fact-sales = Verkäufe
    .value = { NUMBER($value) }
fact-earned = Verdiente Provision
    .value = { MONEY($value) }
fact-reversed = Storniert
    .value = { MONEY($value) }
fact-paid = Ausgezahlt
    .value = { MONEY($value) }
fact-payable = Auszahlbar
    .value = { MONEY($value) }
fact-pending = Ausstehend
    .value = { MONEY($value) }

## E-Mails

invitation =
    .subject = { $by ->
        [person] { $inviter } lädt Sie zu { $programme } ein
       *[programme] Einladung zu { $programme }
    }
    .body =
        { $by ->
            [person] { $inviter } hat Sie zu { $programme } eingeladen.
           *[programme] Sie sind zu { $programme } eingeladen.
        }

        Um die Einladung anzunehmen, öffnen Sie den Link und richten Sie Ihre Anmeldung ein. Der Link gilt bis zum { until }.

        Falls Sie diese Einladung nicht erwartet haben, können Sie diese E-Mail ignorieren.
    .button = Einladung annehmen
    .why = Sie erhalten diese E-Mail, weil Ihre Adresse in einer Einladung zu { $programme } angegeben wurde.

sign_in_link =
    .subject = Ihr Anmeldelink für { $programme }
    .body =
        Ihr Anmeldelink funktioniert nur einmal. Er ist { $minutes ->
            [one] { $minutes } Minute
           *[other] { $minutes } Minuten
        } lang gültig.

        Geben Sie ihn nicht weiter. Niemand von { $programme } wird Sie jemals danach fragen.

        Falls Sie ihn nicht angefordert haben, ignorieren Sie diese E-Mail. Ohne den Link kann sich niemand anmelden.
    .button = Anmelden
    .why = Sie erhalten diese E-Mail, weil für diese Adresse ein Anmeldelink angefordert wurde.

payout_sent =
    .subject = Ihre Auszahlung über { MONEY($amount) } ist unterwegs
    .body =
        Ihre Auszahlung über { MONEY($amount) } ist unterwegs. Je nach Bank oder Anbieter kann es einige Tage dauern, bis das Geld bei Ihnen ankommt.
    .button = Abrechnung ansehen
    .why = Sie erhalten diese E-Mail, weil Sie Auszahlungen von { $programme } bekommen.

payout_details_changed =
    .subject = Ihre Auszahlungsdaten wurden geändert
    .body =
        { $by ->
            [partner] Ihre Auszahlungsdaten bei { $programme } wurden über Ihren Zugang geändert.
           *[programme] Ihre Auszahlungsdaten wurden von { $programme } geändert.
        }

        { $held ->
            [yes] Zu Ihrem Schutz werden Auszahlungen mit den neuen Daten bis zum { until } zurückgehalten.
           *[no] { "" }
        }

        { $by ->
            [partner] Falls Sie das waren, brauchen Sie nichts zu tun. Falls nicht, { report }, damit keine Auszahlung auf ein fremdes Konto geht. Prüfen Sie danach, wer Ihren Zugang nutzen kann.
           *[programme] Falls Sie diese Änderung nicht veranlasst haben, { report }, damit keine Auszahlung auf ein fremdes Konto geht.
        }

        Nach Ihrer Kontonummer fragen wir nie per E-Mail.
    .button = Auszahlungsdaten prüfen
    .why = Diese E-Mail schützt Ihre Auszahlungen. Deshalb können Sie sie nicht abbestellen.

webhook_disabled =
    .subject = Der Webhook an { $host } ist pausiert
    .body =
        { $reason ->
            [gone] Ihr Webhook erhält keine Ereignisse mehr. Der Server hat mit 410 Gone geantwortet.
            [failing] Ihr Webhook erhält keine Ereignisse mehr. Fünf Tage lang ist jeder Versuch fehlgeschlagen.
           *[requested] Ihr Webhook erhält keine Ereignisse mehr. Jemand hat ihn pausiert.
        }

        Beheben Sie das Problem auf dem Server und aktivieren Sie den Webhook wieder. Danach können Sie die verpassten Ereignisse erneut senden lassen.
    .button = Webhook ansehen
    .why = Sie erhalten diese E-Mail, weil diese Adresse als Kontakt für den Webhook angegeben ist.

application_received =
    .subject = Ihre Bewerbung bei { $programme } ist angekommen
    .body =
        Ihre Bewerbung bei { $programme } ist angekommen. Vielen Dank!

        Wir sehen sie uns an und antworten per E-Mail an diese Adresse. Bis dahin brauchen Sie nichts zu tun.
    .why = Sie erhalten diese E-Mail, weil mit dieser Adresse eine Bewerbung bei { $programme } eingereicht wurde. Falls Sie das nicht waren, können Sie sie ignorieren.

application_accepted =
    .subject = Ihre Bewerbung bei { $programme } wurde angenommen
    .body =
        Ihre Bewerbung wurde angenommen. Willkommen bei { $programme }!

        Richten Sie Ihren Zugang ein, erstellen Sie Ihren ersten Empfehlungslink und hinterlegen Sie Ihre Auszahlungsdaten. Der Link in dieser E-Mail gilt bis zum { until }.
    .button = Zugang einrichten
    .why = Sie erhalten diese E-Mail, weil Sie sich bei { $programme } beworben haben.

application_declined =
    .subject = Ihre Bewerbung bei { $programme }
    .body =
        Ihre Bewerbung bei { $programme } haben wir geprüft. Leider können wir sie nicht annehmen.

        Falls Sie glauben, dass es sich um ein Missverständnis handelt, sagen Sie es uns bitte.
    .why = Sie erhalten diese E-Mail, weil Sie sich bei { $programme } beworben haben.

monthly_statement =
    .subject = Ihre Abrechnung für { month }
    .body =
        Ihre Zahlen bei { $programme } für { month } finden Sie unten. Die Beträge gelten zum Ende des Monats.

        Ausstehende Provision wird auszahlbar, sobald die Frist für Rückerstattungen abgelaufen ist.
    .button = Abrechnung ansehen
    .why = Sie erhalten diese E-Mail, weil Sie an { $programme } teilnehmen.
