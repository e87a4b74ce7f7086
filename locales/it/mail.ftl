### Testi delle e-mail. docs/mail.md spiega come modificarli e locales/glossary.md quali parole usano.
### Una riga vuota separa due paragrafi. Ogni paragrafo è su una riga.
### Nessun articolo prima di una data: davanti a 8 e 11 andrebbe eliso.

## Comuni a tutte le e-mail

greeting = { $named ->
    [yes] Ciao { $name },
   *[no] Ciao,
}
questions = { $has_support ->
    [yes] Hai domande? Scrivi a { $support }.
   *[no] Hai domande? Rivolgiti al tuo contatto presso { $programme }.
}
button-hint = Se il pulsante non funziona, apri questo indirizzo:
unsubscribe = Non ricevere più queste e-mail
fact = { $label }: { $value }
until = { DATETIME($at, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
month = { DATETIME($month, month: "long", year: "numeric") }
report = { $has_support ->
    [yes] scrivi subito a { $support }
   *[no] avvisa subito { $programme }
}

## Dati: l’etichetta e come viene mostrato il valore

fact-amount = Importo
    .value = { MONEY($value) }
fact-period = Periodo
    .value = { PERIOD($value) }
fact-paid-on = Data di pagamento
    .value = { DATETIME($value, dateStyle: "long") }
fact-method = Metodo di pagamento
    .value = { $value ->
        [sepa] Bonifico bancario (SEPA)
        [paypal] PayPal
        [wise] Wise
       *[manual] Pagamento diretto del programma
    }
fact-account = Conto
    .value = { $value }
fact-reference = Riferimento
    .value = { $value }
fact-statement = Rendiconto
    .value = { $value }
fact-changed-at = Data della modifica
    .value = { DATETIME($value, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
fact-host = Server
    .value = { $value }
fact-endpoint = ID del webhook
    .value = { $value }
fact-paused-at = Data della sospensione
    .value = { DATETIME($value, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
fact-message = Messaggio
    .value = { $value }
fact-reason = Motivo
    .value = { $value }
fact-clicks = Clic
    .value = { NUMBER($value) }
fact-sales = Vendite
    .value = { NUMBER($value) }
fact-earned = Provvigione maturata
    .value = { MONEY($value) }
fact-reversed = Stornata
    .value = { MONEY($value) }
fact-paid = Pagata
    .value = { MONEY($value) }
fact-payable = Pagabile
    .value = { MONEY($value) }
fact-pending = In attesa
    .value = { MONEY($value) }

## E-mail

invitation =
    .subject = { $by ->
        [person] { $inviter } ti invita a { $programme }
       *[programme] Invito a { $programme }
    }
    .body =
        { $by ->
            [person] { $inviter } ti invita a partecipare a { $programme }.
           *[programme] Hai ricevuto un invito a { $programme }.
        }

        Per accettare, apri il link e configura il tuo accesso. Scadenza del link: { until }.

        Se non ti aspettavi questo invito, puoi ignorare questa e-mail.
    .button = Accetta l’invito
    .why = Ricevi questa e-mail perché il tuo indirizzo è stato indicato in un invito a { $programme }.

sign_in_link =
    .subject = Il tuo link di accesso a { $programme }
    .body =
        Con questo link puoi accedere una sola volta. È valido per { $minutes ->
            [one] { $minutes } minuto
           *[other] { $minutes } minuti
        }.

        Non darlo a nessuno. Nessuno di { $programme } te lo chiederà mai.

        Se non l’hai richiesto, ignora questa e-mail. Senza il link nessuno può accedere.
    .button = Accedi
    .why = Ricevi questa e-mail perché è stato richiesto un link di accesso per questo indirizzo.

payout_sent =
    .subject = Ti abbiamo inviato un pagamento di { MONEY($amount) }
    .body =
        Ti abbiamo inviato un pagamento di { MONEY($amount) }. A seconda della banca o del fornitore, può impiegare qualche giorno ad arrivare.
    .button = Vedi il rendiconto
    .why = Ricevi questa e-mail perché { $programme } ti invia pagamenti.

payout_details_changed =
    .subject = I tuoi dati di pagamento sono stati modificati
    .body =
        { $by ->
            [partner] I tuoi dati di pagamento su { $programme } sono stati modificati dal tuo account.
           *[programme] { $programme } ha modificato i tuoi dati di pagamento.
        }

        { $held ->
            [yes] Per proteggerti, i pagamenti verso i nuovi dati sono sospesi. Fine della sospensione: { until }.
           *[no] { "" }
        }

        { $by ->
            [partner] Se hai fatto tu la modifica, non devi fare nulla. Altrimenti { report }, così nessun pagamento andrà su un altro conto. Poi controlla chi ha accesso al tuo account.
           *[programme] Se non hai chiesto questa modifica, { report }, così nessun pagamento andrà su un altro conto.
        }

        Non ti chiediamo mai il numero di conto per e-mail.
    .button = Controlla i dati di pagamento
    .why = Questa e-mail protegge i tuoi pagamenti. Per questo non è possibile disattivarla.

webhook_disabled =
    .subject = Il webhook verso { $host } è sospeso
    .body =
        { $reason ->
            [gone] Il tuo webhook non riceve più eventi. Il server ha risposto 410 Gone.
            [failing] Il tuo webhook non riceve più eventi. Per cinque giorni tutti i tentativi sono falliti.
           *[requested] Il tuo webhook non riceve più eventi. Qualcuno lo ha sospeso.
        }

        Risolvi il problema sul server e riattiva il webhook. Poi potrai far inviare di nuovo gli eventi persi.
    .button = Vedi il webhook
    .why = Ricevi questa e-mail perché questo indirizzo è il contatto del webhook.

application_received =
    .subject = Abbiamo ricevuto la tua candidatura a { $programme }
    .body =
        Abbiamo ricevuto la tua candidatura a { $programme }. Grazie!

        La esamineremo e ti risponderemo via e-mail a questo indirizzo. Nel frattempo non devi fare nulla.
    .why = Ricevi questa e-mail perché è stata inviata una candidatura a { $programme } con questo indirizzo. Se non l’hai inviata tu, puoi ignorarla.

application_accepted =
    .subject = La tua candidatura a { $programme } è stata accettata
    .body =
        La tua candidatura è stata accettata. Ti diamo il benvenuto in { $programme }!

        Configura il tuo account, crea il tuo primo link di segnalazione e inserisci i tuoi dati di pagamento. Scadenza del link in questa e-mail: { until }.
    .button = Configura l’account
    .why = Ricevi questa e-mail perché hai inviato una candidatura a { $programme }.

application_declined =
    .subject = La tua candidatura a { $programme }
    .body =
        Abbiamo esaminato la tua candidatura a { $programme } e purtroppo non possiamo accettarla.

        Se pensi che si tratti di un malinteso, faccelo sapere.
    .why = Ricevi questa e-mail perché hai inviato una candidatura a { $programme }.

monthly_statement =
    .subject = Il tuo rendiconto di { month }
    .body =
        Ecco i tuoi numeri di { month } su { $programme }. Gli importi sono aggiornati alla fine del mese.

        La provvigione in attesa diventa pagabile quando è trascorso il termine per i rimborsi.
    .button = Vedi il rendiconto
    .why = Ricevi questa e-mail perché partecipi a { $programme }.
