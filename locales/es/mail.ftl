### Textos de los correos. docs/mail.md explica cómo cambiarlos y locales/glossary.md qué palabras usan.
### Una línea en blanco separa dos párrafos. Cada párrafo es una línea.

## Comunes a todos los correos

greeting = { $named ->
    [yes] Hola, { $name }:
   *[no] Hola:
}
questions = { $has_support ->
    [yes] ¿Tienes preguntas? Escribe a { $support }.
   *[no] ¿Tienes preguntas? Habla con tu contacto en { $programme }.
}
button-hint = Si el botón no funciona, abre esta dirección:
unsubscribe = Dejar de recibir estos correos
fact = { $label }: { $value }
until = { DATETIME($at, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
month = { DATETIME($month, month: "long", year: "numeric") }
report = { $has_support ->
    [yes] escribe de inmediato a { $support }
   *[no] avisa de inmediato a { $programme }
}

## Datos: la etiqueta y cómo se muestra el valor

fact-amount = Importe
    .value = { MONEY($value) }
fact-period = Periodo
    .value = { PERIOD($value) }
fact-paid-on = Fecha de pago
    .value = { DATETIME($value, dateStyle: "long") }
fact-method = Forma de pago
    .value = { $value ->
        [sepa] Transferencia bancaria (SEPA)
        [paypal] PayPal
        [wise] Wise
       *[manual] Pago directo del programa
    }
fact-account = Cuenta
    .value = { $value }
fact-reference = Referencia
    .value = { $value }
fact-statement = Extracto
    .value = { $value }
fact-changed-at = Fecha del cambio
    .value = { DATETIME($value, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
fact-host = Servidor
    .value = { $value }
fact-endpoint = ID del webhook
    .value = { $value }
fact-paused-at = En pausa desde
    .value = { DATETIME($value, day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short") }
fact-message = Mensaje
    .value = { $value }
fact-reason = Motivo
    .value = { $value }
fact-clicks = Clics
    .value = { NUMBER($value) }
fact-sales = Ventas
    .value = { NUMBER($value) }
fact-earned = Comisión obtenida
    .value = { MONEY($value) }
fact-reversed = Revertida
    .value = { MONEY($value) }
fact-paid = Pagada
    .value = { MONEY($value) }
fact-payable = Pagadera
    .value = { MONEY($value) }
fact-pending = Pendiente
    .value = { MONEY($value) }

## Correos

invitation =
    .subject = { $by ->
        [person] { $inviter } te invita a { $programme }
       *[programme] Invitación a { $programme }
    }
    .body =
        { $by ->
            [person] { $inviter } te ha invitado a { $programme }.
           *[programme] Tienes una invitación a { $programme }.
        }

        Para aceptar la invitación, abre el enlace y configura tu acceso. El enlace es válido hasta el { until }.

        Si no esperabas esta invitación, puedes ignorar este correo.
    .button = Aceptar la invitación
    .why = Recibes este correo porque alguien indicó tu dirección en una invitación a { $programme }.

sign_in_link =
    .subject = Tu enlace para iniciar sesión en { $programme }
    .body =
        Este enlace sirve para iniciar sesión una sola vez. Es válido durante { $minutes ->
            [one] { $minutes } minuto
           *[other] { $minutes } minutos
        }.

        No lo compartas. Nadie de { $programme } te lo pedirá nunca.

        Si no lo has pedido, ignora este correo. Sin el enlace, nadie puede iniciar sesión.
    .button = Iniciar sesión
    .why = Recibes este correo porque alguien pidió un enlace de acceso para esta dirección.

payout_sent =
    .subject = Te hemos enviado un pago de { MONEY($amount) }
    .body =
        Te hemos enviado un pago de { MONEY($amount) }. Según tu banco o proveedor, puede tardar unos días en llegar.
    .button = Ver el extracto
    .why = Recibes este correo porque { $programme } te envía pagos.

payout_details_changed =
    .subject = Tus datos de pago han cambiado
    .body =
        { $by ->
            [partner] Tus datos de pago en { $programme } se han cambiado desde tu cuenta.
           *[programme] { $programme } ha cambiado tus datos de pago.
        }

        { $held ->
            [yes] Para protegerte, los pagos a los nuevos datos quedan retenidos hasta el { until }.
           *[no] { "" }
        }

        { $by ->
            [partner] Si has sido tú, no tienes que hacer nada. Si no, { report } para que ningún pago vaya a otra cuenta. Después, comprueba quién tiene acceso a tu cuenta.
           *[programme] Si no has pedido este cambio, { report } para que ningún pago vaya a otra cuenta.
        }

        Nunca te pedimos tu número de cuenta por correo.
    .button = Revisar los datos de pago
    .why = Este correo protege tus pagos. Por eso no puedes darte de baja.

webhook_disabled =
    .subject = El webhook de { $host } está en pausa
    .body =
        { $reason ->
            [gone] Tu webhook ya no recibe eventos. El servidor respondió 410 Gone.
            [failing] Tu webhook ya no recibe eventos. Todos los intentos han fallado durante cinco días.
           *[requested] Tu webhook ya no recibe eventos. Alguien lo ha puesto en pausa.
        }

        Corrige el problema en el servidor y vuelve a activar el webhook. Después podrás pedir que se reenvíen los eventos perdidos.
    .button = Ver el webhook
    .why = Recibes este correo porque esta dirección es el contacto del webhook.

application_received =
    .subject = Hemos recibido tu solicitud para { $programme }
    .body =
        Hemos recibido tu solicitud para { $programme }. ¡Gracias!

        La revisaremos y te responderemos por correo a esta dirección. Hasta entonces no tienes que hacer nada.
    .why = Recibes este correo porque se envió una solicitud para { $programme } con esta dirección. Si no has sido tú, puedes ignorarlo.

application_accepted =
    .subject = Hemos aceptado tu solicitud para { $programme }
    .body =
        Hemos aceptado tu solicitud. ¡Te damos la bienvenida a { $programme }!

        Configura tu cuenta, crea tu primer enlace de referencia e indica tus datos de pago. El enlace de este correo es válido hasta el { until }.
    .button = Configurar la cuenta
    .why = Recibes este correo porque presentaste una solicitud para { $programme }.

application_declined =
    .subject = Tu solicitud para { $programme }
    .body =
        Hemos revisado tu solicitud para { $programme } y, lamentablemente, no podemos aceptarla.

        Si crees que se trata de un malentendido, dínoslo.
    .why = Recibes este correo porque presentaste una solicitud para { $programme }.

monthly_statement =
    .subject = Tu extracto de { month }
    .body =
        Estas son tus cifras de { month } en { $programme }. Los importes corresponden al final del mes.

        La comisión pendiente pasa a ser pagadera cuando vence el plazo de reembolso.
    .button = Ver el extracto
    .why = Recibes este correo porque participas en { $programme }.
