### Textes des e-mails. docs/mail.md explique comment les modifier, et locales/glossary.md quels mots ils emploient.
### Une ligne vide sépare deux paragraphes. Chaque paragraphe tient sur une ligne.
### Pas de « de » devant le nom du programme ou d'un mois : il faudrait l'élider devant une voyelle.

## Communs à tous les e-mails

greeting = { $named ->
    [yes] Bonjour { $name },
   *[no] Bonjour,
}
questions = { $has_support ->
    [yes] Une question ? Écrivez à { $support }.
   *[no] Une question ? Adressez-vous à votre contact chez { $programme }.
}
button-hint = Si le bouton ne fonctionne pas, ouvrez cette adresse :
unsubscribe = Ne plus recevoir ces e-mails
fact = { $label } : { $value }
until = { DATETIME($at, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
month = { DATETIME($month, month: "long", year: "numeric") }
report = { $has_support ->
    [yes] écrivez immédiatement à { $support }
   *[no] prévenez immédiatement { $programme }
}

## Informations : le libellé et la présentation de la valeur

fact-amount = Montant
    .value = { MONEY($value) }
fact-period = Période
    .value = { PERIOD($value) }
fact-paid-on = Versé le
    .value = { DATETIME($value, dateStyle: "long") }
fact-method = Mode de versement
    .value = { $value ->
        [sepa] Virement bancaire (SEPA)
        [paypal] PayPal
        [wise] Wise
       *[manual] Directement par le programme
    }
fact-account = Compte
    .value = { $value }
fact-reference = Référence
    .value = { $value }
fact-statement = Relevé
    .value = { $value }
fact-changed-at = Modification
    .value = { DATETIME($value, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
fact-host = Serveur
    .value = { $value }
fact-endpoint = ID du webhook
    .value = { $value }
fact-paused-at = Suspendu le
    .value = { DATETIME($value, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
fact-message = Message
    .value = { $value }
fact-reason = Motif
    .value = { $value }
fact-clicks = Clics
    .value = { NUMBER($value) }
fact-sales = Ventes
    .value = { NUMBER($value) }
fact-earned = Commission acquise
    .value = { MONEY($value) }
fact-reversed = Annulée
    .value = { MONEY($value) }
fact-paid = Versée
    .value = { MONEY($value) }
fact-payable = Payable
    .value = { MONEY($value) }
fact-pending = En attente
    .value = { MONEY($value) }

## E-mails

invitation =
    .subject = { $by ->
        [person] { $inviter } vous invite à rejoindre { $programme }
       *[programme] Invitation à rejoindre { $programme }
    }
    .body =
        { $by ->
            [person] { $inviter } vous invite à rejoindre { $programme }.
           *[programme] Une invitation à rejoindre { $programme } vous attend.
        }

        Pour accepter, ouvrez le lien et configurez votre connexion. Le lien est valable jusqu’au { until }.

        Si vous n’attendiez pas cette invitation, vous pouvez ignorer cet e-mail.
    .button = Accepter l’invitation
    .why = Vous recevez cet e-mail parce que votre adresse a été indiquée dans une invitation à rejoindre { $programme }.

sign_in_link =
    .subject = Votre lien de connexion à { $programme }
    .body =
        Ce lien vous permet de vous connecter une seule fois. Il est valable { $minutes ->
            [one] { $minutes } minute
           *[other] { $minutes } minutes
        }.

        Ne le transmettez à personne. Personne chez { $programme } ne vous le demandera jamais.

        Si vous ne l’avez pas demandé, ignorez cet e-mail. Sans ce lien, personne ne peut se connecter.
    .button = Se connecter
    .why = Vous recevez cet e-mail parce qu’un lien de connexion a été demandé pour cette adresse.

payout_sent =
    .subject = Votre versement de { MONEY($amount) } a été envoyé
    .body =
        Nous vous avons envoyé un versement de { MONEY($amount) }. Selon votre banque ou votre prestataire, il peut mettre quelques jours à arriver.
    .button = Voir le relevé
    .why = Vous recevez cet e-mail parce que { $programme } vous envoie des versements.

payout_details_changed =
    .subject = Vos coordonnées de versement ont été modifiées
    .body =
        { $by ->
            [partner] Vos coordonnées de versement chez { $programme } ont été modifiées depuis votre compte.
           *[programme] { $programme } a modifié vos coordonnées de versement.
        }

        { $held ->
            [yes] Pour vous protéger, les versements vers ces nouvelles coordonnées sont suspendus jusqu’au { until }.
           *[no] { "" }
        }

        { $by ->
            [partner] Si vous êtes à l’origine de ce changement, vous n’avez rien à faire. Sinon, { report } afin qu’aucun versement ne parte vers un autre compte. Vérifiez ensuite qui a accès à votre compte.
           *[programme] Si vous n’avez pas demandé ce changement, { report } afin qu’aucun versement ne parte vers un autre compte.
        }

        Nous ne vous demandons jamais votre numéro de compte par e-mail.
    .button = Vérifier les coordonnées de versement
    .why = Cet e-mail protège vos versements. C’est pourquoi vous ne pouvez pas vous en désabonner.

webhook_disabled =
    .subject = Le webhook vers { $host } est suspendu
    .body =
        { $reason ->
            [gone] Votre webhook ne reçoit plus d’événements. Le serveur a répondu 410 Gone.
            [failing] Votre webhook ne reçoit plus d’événements. Toutes les tentatives ont échoué pendant cinq jours.
           *[requested] Votre webhook ne reçoit plus d’événements. Quelqu’un l’a suspendu.
        }

        Corrigez le problème sur le serveur, puis réactivez le webhook. Vous pourrez ensuite faire renvoyer les événements manqués.
    .button = Voir le webhook
    .why = Vous recevez cet e-mail parce que cette adresse est le contact du webhook.

application_received =
    .subject = Nous avons reçu votre candidature à { $programme }
    .body =
        Nous avons bien reçu votre candidature à { $programme }. Merci !

        Nous allons l’examiner et vous répondre par e-mail à cette adresse. D’ici là, vous n’avez rien à faire.
    .why = Vous recevez cet e-mail parce qu’une candidature à { $programme } a été envoyée avec cette adresse. Si ce n’était pas vous, vous pouvez l’ignorer.

application_accepted =
    .subject = Votre candidature à { $programme } est acceptée
    .body =
        Votre candidature est acceptée. Bienvenue chez { $programme } !

        Configurez votre compte, créez votre premier lien de parrainage et indiquez vos coordonnées de versement. Le lien contenu dans cet e-mail est valable jusqu’au { until }.
    .button = Configurer le compte
    .why = Vous recevez cet e-mail parce que vous avez posé votre candidature à { $programme }.

application_declined =
    .subject = Votre candidature à { $programme }
    .body =
        Nous avons examiné votre candidature à { $programme } et ne pouvons malheureusement pas l’accepter.

        Si vous pensez qu’il s’agit d’un malentendu, dites-le-nous.
    .why = Vous recevez cet e-mail parce que vous avez posé votre candidature à { $programme }.

monthly_statement =
    .subject = Votre relevé : { month }
    .body =
        Voici vos chiffres chez { $programme } pour { month }. Les montants sont arrêtés à la fin du mois.

        La commission en attente devient payable une fois le délai de remboursement écoulé.
    .button = Voir le relevé
    .why = Vous recevez cet e-mail parce que vous participez à { $programme }.
