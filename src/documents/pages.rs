//! Pages for people who are not signed in: the front page, and the page of a link that leads nowhere.

use crate::domain::values::language::Language;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The icon of every page, also served as `/favicon.ico`: an SVG document.
pub const ICON: &str = include_str!("pages/icon.svg");

const STYLE: &str = include_str!("pages/style.css");

/// The policy for these pages. They contain only their own style and the icon, so it blocks anything injected into them.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The texts of both pages in one language.
struct Texts {
    dead_link: &'static str,
    dead_link_advice: &'static str,
    about: &'static str,
    documentation: &'static str,
    guides: &'static str,
    contract: &'static str,
}

fn texts(language: Language) -> Texts {
    match language {
        Language::English => Texts {
            dead_link: "This link does not work",
            dead_link_advice: "It has ended, or it was not copied completely. Ask the person who gave it to you for a new one.",
            about: "This is the partner programme's own service: it issues referral links, counts what they bring, and pays the partners.",
            documentation: "Documentation",
            guides: "Guides",
            contract: "API description (OpenAPI)",
        },
        Language::Spanish => Texts {
            dead_link: "Este enlace no funciona",
            dead_link_advice: "Ha caducado o no se copió completo. Pide uno nuevo a la persona que te lo dio.",
            about: "Este es el servicio del programa de socios: emite enlaces de referencia, cuenta lo que aportan y paga a los socios.",
            documentation: "Documentación",
            guides: "Guías",
            contract: "Descripción de la API (OpenAPI)",
        },
        Language::German => Texts {
            dead_link: "Dieser Link funktioniert nicht",
            dead_link_advice: "Er ist abgelaufen oder wurde nicht vollständig kopiert. Bitten Sie die Person, von der Sie ihn haben, um einen neuen.",
            about: "Dies ist der Dienst des Partnerprogramms: Er gibt Empfehlungslinks aus, zählt, was sie bringen, und bezahlt die Partner.",
            documentation: "Dokumentation",
            guides: "Anleitungen",
            contract: "API-Beschreibung (OpenAPI)",
        },
        Language::French => Texts {
            dead_link: "Ce lien ne fonctionne pas",
            dead_link_advice: "Il a expiré ou n’a pas été copié en entier. Demandez-en un nouveau à la personne qui vous l’a donné.",
            about: "Ceci est le service du programme de partenariat : il émet des liens de parrainage, compte ce qu’ils rapportent et paie les partenaires.",
            documentation: "Documentation",
            guides: "Guides",
            contract: "Description de l’API (OpenAPI)",
        },
        Language::Italian => Texts {
            dead_link: "Questo link non funziona",
            dead_link_advice: "È scaduto o non è stato copiato per intero. Chiedine uno nuovo alla persona che te l’ha dato.",
            about: "Questo è il servizio del programma partner: emette link di segnalazione, conta ciò che portano e paga i partner.",
            documentation: "Documentazione",
            guides: "Guide",
            contract: "Descrizione dell’API (OpenAPI)",
        },
        Language::Portuguese => Texts {
            dead_link: "Este link não funciona",
            dead_link_advice: "Ele expirou ou não foi copiado por inteiro. Peça um novo à pessoa que o enviou.",
            about: "Este é o serviço do programa de parceiros: ele emite links de indicação, conta o que eles trazem e paga os parceiros.",
            documentation: "Documentação",
            guides: "Guias",
            contract: "Descrição da API (OpenAPI)",
        },
        Language::Japanese => Texts {
            dead_link: "このリンクは使えません",
            dead_link_advice: "有効期限が切れたか、途中までしかコピーされていません。リンクを受け取った相手に新しいものを依頼してください。",
            about: "これはパートナープログラムのサービスです。紹介リンクを発行し、成果を集計し、パートナーに報酬を支払います。",
            documentation: "ドキュメント",
            guides: "ガイド",
            contract: "API 仕様（OpenAPI）",
        },
    }
}

fn page(language: Language, title: &str, content: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang=(language.as_str()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) }
                link rel="icon" type="image/svg+xml" href="/favicon.ico";
                style { (PreEscaped(STYLE)) }
            }
            body { main { (content) } }
        }
    }
    .into_string()
}

/// Returns the page for a link that leads nowhere, an HTML document.
#[must_use]
pub fn dead_link(language: Language) -> String {
    let texts = texts(language);
    let content = html! {
        h1 { (texts.dead_link) }
        p { (texts.dead_link_advice) }
    };
    page(language, texts.dead_link, &content)
}

/// Returns the front page, an HTML document.
#[must_use]
pub fn front(language: Language) -> String {
    let texts = texts(language);
    let content = html! {
        p.brand { (PreEscaped(ICON)) "Signpost" }
        p { (texts.about) }
        ul {
            li { a href="/docs" { (texts.documentation) } }
            li { a href="/docs/guides" { (texts.guides) } }
            li { a href="/openapi.json" { (texts.contract) } }
        }
    };
    page(language, "Signpost", &content)
}
