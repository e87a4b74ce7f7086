//! docs/marketplaces.md matches the registry: which callbacks arrive, how they are proven, what carries the referral, what the
//! operator configures, and what is not possible.

use signpost::{
    domain::programme::listing::Marketplace,
    marketplace::{adapter::CallbackOrigin, registry::ADAPTERS},
};

const BEGIN: &str = "<!-- what follows is made from the registry (tests/native/marketplaces.rs) -->\n";

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
        let (docs, slug) = (adapter.docs(), adapter.marketplace().as_str());
        let names = |rows: &[(&str, &str)]| {
            rows.iter().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(" ")
        };
        let columns = [
            docs.title,
            &format!("`{slug}`"),
            &names(docs.kinds),
            &names(docs.secrets),
            &names(docs.settings),
        ];
        text.push_str(&format!("| {} |\n", columns.join(" | ")));
    }
    for adapter in ADAPTERS {
        let (docs, slug) = (adapter.docs(), adapter.marketplace().as_str());
        text.push_str(&format!("\n## {}\n\nSlug `{slug}`. Addresses to register:\n", docs.title));
        for (kind, (name, about)) in adapter.kinds().iter().zip(docs.kinds) {
            assert_eq!(kind.name, *name, "{slug}: the docs describe all kinds, in their order");
            let origin = match kind.origin {
                CallbackOrigin::Browser => "by the visitor's browser",
                CallbackOrigin::Server => "by the vendor's server",
                CallbackOrigin::App => "by the app's server",
            };
            text.push_str(&format!(
                "- {} `https://<host>/callbacks/{slug}/<listing id>/{}` {origin}: {}\n",
                kind.methods.join(", "),
                name,
                about
            ));
        }
        assert_eq!(adapter.kinds().len(), docs.kinds.len(), "{slug}");
        let named = |rows: &[(&'static str, &str)]| rows.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert_eq!(
            adapter.secrets(),
            named(docs.secrets),
            "{slug}: the docs describe all secrets, in their order"
        );
        assert_eq!(
            adapter.settings(),
            named(docs.settings),
            "{slug}: the docs describe all settings, in their order"
        );
        text.push('\n');
        text.push_str(&list("Secrets", docs.secrets));
        text.push_str(&list("Settings", docs.settings));
        text.push_str(&format!("**Proof.** {}.\n\n", docs.proof));
        text.push_str(&format!("**What carries the referral.** {}.\n\n", docs.carrier));
        text.push_str(&format!("**What ends a sale.** {}.\n\n", docs.ends));
        text.push_str(&format!("**If it cannot be read.** Kept, and answered: {}.\n\n", docs.unprocessed));
        text.push_str(&format!("**Not possible.** {}.\n", docs.limits));
    }
    let without: Vec<&str> = Marketplace::ALL
        .iter()
        .filter(|marketplace| **marketplace != Marketplace::Web)
        .filter(|marketplace| ADAPTERS.iter().all(|adapter| adapter.marketplace() != **marketplace))
        .map(|marketplace| marketplace.as_str())
        .collect();
    text.push_str(&format!(
        "\n## Without callbacks\n\n{}: a listing on these marketplaces can have links; send its sales with the API.\n",
        without.iter().map(|slug| format!("`{slug}`")).collect::<Vec<_>>().join(", ")
    ));
    text
}

#[test]
fn the_document_matches_the_registry() {
    let document = include_str!("../../docs/marketplaces.md");
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
            "REWRITE_DOCS=1 cargo test --test native marketplaces rewrites docs/marketplaces.md"
        );
    }
    assert_eq!(
        found.len(),
        rendered.len(),
        "REWRITE_DOCS=1 cargo test --test native marketplaces rewrites it"
    );
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
