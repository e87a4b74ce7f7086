//! Rendering: both bodies, what people typed, and links. `UPDATE_FILES=1` rewrites the golden copies in `fixtures/mail`.

use super::{source, texts::FileTexts};
use signpost::{
    domain::{
        money::{Currency, Money},
        values::{language::Language, time::Timestamp},
    },
    mail::{
        Arg, Brand, Line, Mail, MailKind, Notice, RenderError, Rendered, Texts,
        examples::example,
        notice::{ApplicationDeclined, Invitation, PayoutDetailsChanged, SignInLink},
        render,
    },
};
use std::path::Path;

const BRAND: Brand<'_> = Brand {
    name: "Lumenflow Partners",
    support_email: Some("partners@lumenflow.example"),
    time_zone: "Europe/Berlin",
};

fn rendered(mail: &Mail, language: Language) -> Rendered {
    render(mail, &BRAND, &FileTexts::new(language)).unwrap()
}

fn golden(name: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mail").join(name);
    if std::env::var_os("UPDATE_FILES").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, text).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == text, "{name} differs:\n{text}");
}

/// A text without its line breaks.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a line is too long although it could be broken.
fn is_too_long(line: &str) -> bool {
    let width: usize = line.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum();
    width > 76 && !line.starts_with("https://")
}

#[test]
fn each_mail_equals_its_golden_copy() {
    for kind in MailKind::ALL {
        let mail = rendered(&example(*kind), Language::English);
        golden(&format!("{}.en.txt", kind.as_str()), &format!("{}\n\n{}", mail.subject, mail.text));
    }
    for (kind, language) in
        [(MailKind::PayoutDetailsChanged, Language::Japanese), (MailKind::MonthlyStatement, Language::German)]
    {
        let mail = rendered(&example(kind), language);
        let name = format!("{}.{}", kind.as_str(), language.as_str());
        golden(&format!("{name}.txt"), &format!("{}\n\n{}", mail.subject, mail.text));
        golden(&format!("{name}.html"), &format!("{}\n", mail.html));
    }
}

#[test]
fn every_mail_is_whole_in_every_language() {
    for language in Language::ALL {
        for kind in MailKind::ALL {
            let mail = rendered(&example(*kind), *language);
            let name = format!("{} {}", kind.as_str(), language.as_str());
            assert!(
                mail.html.contains(&format!("<html lang=\"{}\" dir=\"ltr\">", language.as_str())),
                "{name}"
            );
            assert!(!mail.subject.is_empty() && !mail.subject.chars().any(char::is_control), "{name}");
            for text in [&mail.text, &mail.subject] {
                assert!(!text.contains(['{', '}', '$']), "{name}: {text}");
            }
            let long: Vec<&str> = mail.text.lines().filter(|line| is_too_long(line)).collect();
            assert_eq!(long, [""; 0], "{name}");
            // The HTML has the words of the text, and loads nothing.
            let words = |text: &str| text.split_whitespace().collect::<String>();
            let html = words(&mail.html.replace("&amp;", "&"));
            for line in mail.text.lines().filter(|line| !line.is_empty() && *line != "--") {
                let parts = line.split([':', '：']).map(words);
                let is_shown = parts.into_iter().all(|part| html.contains(&part)) || line.contains("://");
                assert!(is_shown, "{name}: {line}");
            }
            for loaded in ["<img", "<link", "src=", "url(", "@import", "<script"] {
                assert!(!mail.html.contains(loaded), "{name}: {loaded}");
            }
        }
    }
}

#[test]
fn only_a_mail_that_is_not_transactional_shows_how_to_unsubscribe() {
    for kind in MailKind::ALL {
        let mail = rendered(&example(*kind), Language::English);
        let shows =
            mail.html.contains("Stop receiving these emails") && mail.html.contains("/mail/unsubscribe/");
        assert_eq!(shows, !kind.is_transactional(), "{}", kind.as_str());
        assert_eq!(mail.text.contains("/mail/unsubscribe/"), shows, "{}", kind.as_str());
    }
    let others: Vec<_> = MailKind::ALL.iter().filter(|kind| !kind.is_transactional()).collect();
    assert_eq!(others, [&MailKind::MonthlyStatement]);
}

#[test]
fn what_people_typed_adds_no_header_no_paragraph_and_no_element() {
    let typed = "Eve\r\nBcc: all@example.com\n\n<b onclick=\"x\">&'\u{202e}\u{0}\u{2028}end";
    let cleaned = "Eve Bcc: all@example.com <b onclick=\"x\">&' end";
    let brand = Brand { name: typed, support_email: Some(typed), time_zone: typed };
    let invitation = Invitation {
        invited_by: Some(typed.to_owned()),
        url: "https://partners.example/?a=1&b=%22".to_owned(),
        expires_at: Timestamp::clamped(0),
    };
    let mail = Mail { recipient_name: Some(typed.to_owned()), notice: Notice::Invitation(invitation) };
    let found = render(&mail, &brand, &FileTexts::new(Language::English)).unwrap();
    assert_eq!(found.subject, format!("{cleaned} invites you to {cleaned}"));
    assert!(found.text.starts_with(&format!("Hello {cleaned},\n\n")), "{}", found.text);
    assert!(!found.html.contains("<b ") && !found.html.contains('\u{202e}'), "{}", found.html);
    assert!(found.html.contains("&lt;b onclick=&quot;x&quot;&gt;&amp;' end"), "{}", found.html);
    assert!(found.html.contains("href=\"https://partners.example/?a=1&amp;b=%22\""), "{}", found.html);
    // The same number of paragraphs as for an ordinary name.
    let plain = rendered(&example(MailKind::Invitation), Language::English);
    let blocks = |mail: &Rendered| mail.text.split("\n\n").count();
    assert_eq!(blocks(&found), blocks(&plain));
}

#[test]
fn long_texts_are_cut() {
    assert_eq!(Line::new("abc", 3).as_str(), "abc");
    assert_eq!(Line::new("abcd", 3).as_str(), "ab…");
    assert_eq!(Line::new(" a\t \u{3000}b ", 9).as_str(), "a b");
    assert_eq!(Line::new("24,10\u{a0}€ 1\u{202f}234", 20).as_str(), "24,10\u{a0}€ 1\u{202f}234");
    assert_eq!(Line::new("👩\u{200d}💻\u{200b}x", 9).as_str(), "👩\u{200d}💻x");
    assert_eq!(Line::new("\u{200b}\n", 9).as_str(), "");

    let notice = Notice::ApplicationDeclined(ApplicationDeclined { reason: Some("again ".repeat(10_000)) });
    let mail = Mail { recipient_name: Some("x".repeat(10_000)), notice };
    let brand = Brand { name: &"y".repeat(10_000), ..BRAND };
    let found = render(&mail, &brand, &FileTexts::new(Language::English)).unwrap();
    assert_eq!(found.subject, format!("Your application to {}…", "y".repeat(79)));
    assert!(flat(&found.text).starts_with(&format!("Hello {}…,", "x".repeat(79))));
    assert_eq!(found.text.matches("again").count(), 166, "1,000 characters");
    assert!(found.html.len() < 10_000, "{}", found.html.len());
}

#[test]
fn a_mail_without_a_name_or_an_address_for_questions_says_so_in_other_words() {
    for name in [None, Some(""), Some(" \n")] {
        let mail =
            Mail { recipient_name: name.map(str::to_owned), ..example(MailKind::PayoutDetailsChanged) };
        let brand = Brand { support_email: None, ..BRAND };
        let found = render(&mail, &brand, &FileTexts::new(Language::English)).unwrap();
        let text = flat(&found.text);
        assert!(text.starts_with("Hello, Your payout"), "{text}");
        assert!(text.contains("If not, tell Lumenflow Partners at once, so that"), "{text}");
        assert!(text.contains("Questions? Ask your contact at Lumenflow Partners."), "{text}");
    }
}

#[test]
fn no_more_than_four_characters_of_an_account_are_shown() {
    let Notice::PayoutDetailsChanged(details) = example(MailKind::PayoutDetailsChanged).notice else {
        unreachable!()
    };
    for (end, shown) in
        [("DE89370400440532013000", "••••3000"), ("••••3000", "••••3000"), ("••••", "••••"), ("30", "••••30")]
    {
        let details = PayoutDetailsChanged { account_end: Some(end.to_owned()), ..details.clone() };
        let mail = Mail { recipient_name: None, notice: Notice::PayoutDetailsChanged(details) };
        let found = rendered(&mail, Language::English);
        assert!(found.text.contains(&format!("Account: {shown}\n")), "{}", found.text);
        assert!(found.html.contains(&format!(">{shown}</td>")) && !found.html.contains("DE89"));
    }
}

#[test]
fn links_are_absolute_web_addresses() {
    for url in [
        "",
        "/app",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://a.example/ b",
        "https://u:p@a.example/",
    ] {
        let notice = Notice::SignInLink(SignInLink { url: url.to_owned(), valid_minutes: 15 });
        let mail = Mail { recipient_name: None, notice };
        let error = render(&mail, &BRAND, &FileTexts::new(Language::English)).unwrap_err();
        assert_eq!(error, RenderError::Link, "{url}");
    }
}

#[test]
fn a_mail_with_a_missing_text_is_not_rendered() {
    let whole = source::text(Language::English);
    for (without, id, reason) in [
        (
            "    .button = View the statement\n    .why = You are receiving this email because { $programme } sends",
            "payout_sent.button",
            "there is no such text",
        ),
        ("fact-paid-on = Paid on\n", "fact-paid-on", "there is no such text"),
    ] {
        assert!(whole.contains(without));
        let texts = FileTexts::of_source(
            Language::English,
            whole.replace(without, "    .why = You are receiving this email because { $programme } sends"),
        );
        let error = render(&example(MailKind::PayoutSent), &BRAND, &texts).unwrap_err();
        let RenderError::Text(error) = error else { panic!("{error}") };
        assert_eq!((error.id.as_str(), error.reason.as_str()), (id, reason));
    }
    // A variable that the mail does not have.
    let texts =
        FileTexts::of_source(Language::English, whole.replace("greeting = ", "greeting = { $nobody } "));
    let error = render(&example(MailKind::PayoutSent), &BRAND, &texts).unwrap_err();
    assert!(error.to_string().starts_with("text greeting in en: "), "{error}");
}

#[test]
fn an_amount_keeps_every_digit() {
    let texts = FileTexts::new(Language::English);
    for (code, amount, text) in [
        ("EUR", i64::MAX, "92233720368547758.07 EUR"),
        ("JPY", 12_300, "12300 JPY"),
        ("KWD", 1_230, "1.230 KWD"),
    ] {
        let money = Money { amount, currency: Currency::parse(code).unwrap() };
        assert_eq!(texts.text("fact-amount.value", &[("value", Arg::Money(money))]).unwrap(), text);
    }
}
