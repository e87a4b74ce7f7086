### Textos dos e-mails. docs/mail.md explica como alterá-los e locales/glossary.md quais palavras eles usam.
### Uma linha em branco separa dois parágrafos. Cada parágrafo fica em uma linha.

## Comuns a todos os e-mails

greeting = { $named ->
    [yes] Olá, { $name }!
   *[no] Olá!
}
questions = { $has_support ->
    [yes] Dúvidas? Escreva para { $support }.
   *[no] Dúvidas? Fale com seu contato em { $programme }.
}
button-hint = Se o botão não funcionar, abra este endereço:
unsubscribe = Deixar de receber estes e-mails
fact = { $label }: { $value }
until = { DATETIME($at, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
month = { DATETIME($month, month: "long", year: "numeric") }
report = { $has_support ->
    [yes] escreva imediatamente a { $support }
   *[no] avise { $programme } imediatamente
}

## Dados: o rótulo e como o valor é exibido

fact-amount = Valor
    .value = { MONEY($value) }
fact-period = Período
    .value = { PERIOD($value) }
fact-paid-on = Data do pagamento
    .value = { DATETIME($value, dateStyle: "long") }
fact-method = Forma de pagamento
    .value = { $value ->
        [sepa] Transferência bancária (SEPA)
        [paypal] PayPal
        [wise] Wise
       *[manual] Pagamento direto pelo programa
    }
fact-account = Conta
    .value = { $value }
fact-reference = Referência
    .value = { $value }
fact-statement = Extrato
    .value = { $value }
fact-changed-at = Data da alteração
    .value = { DATETIME($value, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
fact-host = Servidor
    .value = { $value }
fact-endpoint = ID do webhook
    .value = { $value }
fact-paused-at = Pausado em
    .value = { DATETIME($value, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
fact-message = Mensagem
    .value = { $value }
fact-reason = Motivo
    .value = { $value }
fact-clicks = Cliques
    .value = { NUMBER($value) }
fact-sales = Vendas
    .value = { NUMBER($value) }
fact-earned = Comissão obtida
    .value = { MONEY($value) }
fact-reversed = Estornada
    .value = { MONEY($value) }
fact-paid = Paga
    .value = { MONEY($value) }
fact-payable = Disponível para pagamento
    .value = { MONEY($value) }
fact-pending = Pendente
    .value = { MONEY($value) }

## E-mails

invitation =
    .subject = { $by ->
        [person] { $inviter } convidou você a participar de { $programme }
       *[programme] Convite para { $programme }
    }
    .body =
        { $by ->
            [person] { $inviter } convidou você a participar de { $programme }.
           *[programme] Você recebeu um convite para { $programme }.
        }

        Para aceitar, abra o link e configure seu acesso. O link é válido até { until }.

        Se você não esperava este convite, pode ignorar este e-mail.
    .button = Aceitar o convite
    .why = Você recebeu este e-mail porque seu endereço foi informado em um convite para { $programme }.

sign_in_link =
    .subject = Seu link de acesso a { $programme }
    .body =
        Este link permite entrar uma única vez. Ele é válido por { $minutes ->
            [one] { $minutes } minuto
           *[other] { $minutes } minutos
        }.

        Não o compartilhe. Ninguém de { $programme } jamais vai pedir esse link a você.

        Se você não o solicitou, ignore este e-mail. Sem o link, ninguém consegue entrar.
    .button = Entrar
    .why = Você recebeu este e-mail porque um link de acesso foi solicitado para este endereço.

payout_sent =
    .subject = Enviamos a você um pagamento de { MONEY($amount) }
    .body =
        Enviamos a você um pagamento de { MONEY($amount) }. Dependendo do seu banco ou provedor, ele pode levar alguns dias para chegar.
    .button = Ver o extrato
    .why = Você recebeu este e-mail porque { $programme } envia pagamentos a você.

payout_details_changed =
    .subject = Seus dados de pagamento foram alterados
    .body =
        { $by ->
            [partner] Seus dados de pagamento em { $programme } foram alterados a partir da sua conta.
           *[programme] { $programme } alterou seus dados de pagamento.
        }

        { $held ->
            [yes] Para sua segurança, os pagamentos para os novos dados ficam retidos até { until }.
           *[no] { "" }
        }

        { $by ->
            [partner] Se foi você, não é preciso fazer nada. Se não foi, { report } para que nenhum pagamento vá para outra conta. Depois, verifique quem tem acesso à sua conta.
           *[programme] Se você não pediu esta alteração, { report } para que nenhum pagamento vá para outra conta.
        }

        Nunca pedimos o número da sua conta por e-mail.
    .button = Verificar os dados de pagamento
    .why = Este e-mail protege seus pagamentos. Por isso, não é possível cancelar o recebimento.

webhook_disabled =
    .subject = O webhook para { $host } está pausado
    .body =
        { $reason ->
            [gone] Seu webhook não recebe mais eventos. O servidor respondeu 410 Gone.
            [failing] Seu webhook não recebe mais eventos. Todas as tentativas falharam durante cinco dias.
           *[requested] Seu webhook não recebe mais eventos. Alguém o pausou.
        }

        Corrija o problema no servidor e ative o webhook novamente. Depois, você poderá pedir o reenvio dos eventos perdidos.
    .button = Ver o webhook
    .why = Você recebeu este e-mail porque este endereço é o contato do webhook.

application_received =
    .subject = Recebemos sua inscrição em { $programme }
    .body =
        Recebemos sua inscrição em { $programme }. Agradecemos o interesse!

        Vamos analisá-la e responder por e-mail para este endereço. Até lá, você não precisa fazer nada.
    .why = Você recebeu este e-mail porque uma inscrição em { $programme } foi enviada com este endereço. Se não foi você, pode ignorá-lo.

application_accepted =
    .subject = Sua inscrição em { $programme } foi aceita
    .body =
        Sua inscrição foi aceita. Boas-vindas a { $programme }!

        Configure sua conta, crie seu primeiro link de indicação e informe seus dados de pagamento. O link deste e-mail é válido até { until }.
    .button = Configurar a conta
    .why = Você recebeu este e-mail porque se inscreveu em { $programme }.

application_declined =
    .subject = Sua inscrição em { $programme }
    .body =
        Analisamos sua inscrição em { $programme } e, infelizmente, não podemos aceitá-la.

        Se você acha que houve um mal-entendido, fale conosco.
    .why = Você recebeu este e-mail porque se inscreveu em { $programme }.

monthly_statement =
    .subject = Seu extrato de { month }
    .body =
        Estes são seus números de { month } em { $programme }. Os valores se referem ao fim do mês.

        A comissão pendente fica disponível para pagamento quando termina o prazo de reembolso.
    .button = Ver o extrato
    .why = Você recebeu este e-mail porque participa de { $programme }.
