//! docs/marketplaces.md says what the registry does: what arrives, how it is proven, what carries the referral, what the
//! operator sets up, and what is not possible.

use signpost::{
    domain::programme::listing::Marketplace,
    marketplace::{adapter::Way, registry::ADAPTERS},
};

const BEGIN: &str = "<!-- what follows is made from the registry (tests/marketplaces.rs) -->\n";

fn list(title: &str, rows: &[(&str, &str)]) -> String {
    if rows.is_empty() {
        return format!("{title}: none.\n\n");
    }
    let rows: Vec<String> = rows.iter().map(|(name, about)| format!("- `{name}`: {about}\n")).collect();
    format!("{title}:\n{}\n", rows.concat())
}

fn rendered() -> String {
    let mut text =
        "\n| Marketplace | Slug | Addresses | Secrets | Settings |\n|---|---|---|---|---|\n".to_owned();
    for adapter in ADAPTERS {
        let (guide, slug) = (adapter.guide(), adapter.marketplace().as_str());
        let names = |rows: &[(&str, &str)]| {
            rows.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(" ")
        };
        let columns = [
            guide.title,
            &format!("`{slug}`"),
            &names(guide.kinds),
            &names(guide.secrets),
            &names(guide.settings),
        ];
        text.push_str(&format!("| {} |\n", columns.join(" | ")));
    }
    for adapter in ADAPTERS {
        let (guide, slug) = (adapter.guide(), adapter.marketplace().as_str());
        text.push_str(&format!("\n## {}\n\nSlug `{slug}`. Addresses to register:\n", guide.title));
        for (kind, (name, about)) in adapter.kinds().iter().zip(guide.kinds) {
            assert_eq!(kind.name, *name, "{slug}: the guide tells of all kinds, in their order");
            let way = match kind.way {
                Way::Browser => "by the visitor's browser",
                Way::Server => "by the vendor's server",
                Way::App => "by the app's server",
            };
            text.push_str(&format!(
                "- {} `https://<host>/callbacks/{slug}/<listing id>/{}` {way}: {}\n",
                kind.methods.join(", "),
                name,
                about
            ));
        }
        assert_eq!(adapter.kinds().len(), guide.kinds.len(), "{slug}");
        text.push('\n');
        text.push_str(&list("Secrets", guide.secrets));
        text.push_str(&list("Settings", guide.settings));
        text.push_str(&format!("**Proof.** {}.\n\n", guide.proof));
        text.push_str(&format!("**What carries the referral.** {}.\n\n", guide.carrier));
        text.push_str(&format!("**Not possible.** {}.\n", guide.limits));
    }
    let without: Vec<&str> = Marketplace::ALL
        .iter()
        .filter(|marketplace| **marketplace != Marketplace::Web)
        .filter(|marketplace| ADAPTERS.iter().all(|adapter| adapter.marketplace() != **marketplace))
        .map(|marketplace| marketplace.as_str())
        .collect();
    text.push_str(&format!(
        "\n## Not taken in yet\n\n{}: a listing can stand there and links lead to it; sales come in by the API.\n",
        without.iter().map(|slug| format!("`{slug}`")).collect::<Vec<_>>().join(", ")
    ));
    text
}

#[test]
fn the_document_says_what_the_registry_does() {
    let document = include_str!("../docs/marketplaces.md");
    let (written, found) =
        document.split_once(BEGIN).expect("docs/marketplaces.md has the line that its made part begins with");
    let rendered = rendered();
    if std::env::var_os("REWRITE_DOCS").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/marketplaces.md");
        std::fs::write(path, format!("{written}{BEGIN}{rendered}")).unwrap();
        return;
    }
    for (found, rendered) in found.lines().zip(rendered.lines()) {
        assert_eq!(
            found, rendered,
            "REWRITE_DOCS=1 cargo test --test marketplaces rewrites docs/marketplaces.md"
        );
    }
    assert_eq!(found.len(), rendered.len(), "REWRITE_DOCS=1 cargo test --test marketplaces rewrites it");
}

#[test]
fn each_marketplace_stands_in_the_registry_once_and_its_addresses_are_distinct() {
    for (index, adapter) in ADAPTERS.iter().enumerate() {
        let name = adapter.marketplace();
        assert!(
            ADAPTERS.iter().skip(index + 1).all(|other| other.marketplace() != name),
            "{}",
            name.as_str()
        );
        let mut kinds: Vec<&str> = adapter.kinds().iter().map(|kind| kind.name).collect();
        assert!(!kinds.is_empty() && !kinds.contains(&"continue"));
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), adapter.kinds().len(), "{}", name.as_str());
        for kind in adapter.kinds() {
            assert!(
                !kind.methods.is_empty() && kind.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
            );
            // A checkout waits for this one.
            let is_waited_for = (name.as_str(), kind.name) == ("magento", "commerce");
            let status = if is_waited_for { 200 } else { 401 };
            assert_eq!(adapter.refused(*kind).status, status, "{} {}", name.as_str(), kind.name);
        }
    }
}
