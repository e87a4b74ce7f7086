//! The page of all events: what each type means, and an example of what a webhook receives.

use crate::{
    markdown::inline,
    operation::code_block,
    shell::{self, Page},
    site::{EVENTS, GUIDES, REFERENCE, Site},
};
use maud::{Markup, html};
use serde_json::Value;

/// A type of event in the document.
struct Event<'a> {
    name: &'a str,
    meaning: &'a str,
    /// The name of the component that describes its data.
    schema: &'a str,
    example: Option<&'a Value>,
}

fn event<'a>(name: &'a str, webhook: &'a Value) -> Option<Event<'a>> {
    let media = webhook.pointer("/post/requestBody/content/application~1json")?;
    let target = media.pointer("/schema/properties/data/$ref")?.as_str()?;
    Some(Event {
        name,
        meaning: webhook.pointer("/post/description")?.as_str()?,
        schema: target.rsplit('/').next()?,
        example: media.get("example"),
    })
}

/// What an event is about: the part of its name before the full stop.
fn subject(event: &Event<'_>) -> String {
    event.name.split('.').next().unwrap_or_default().replace('_', " ")
}

/// The page.
pub fn render(site: &Site) -> String {
    let webhooks = site.document.get("webhooks").and_then(Value::as_object);
    let events: Vec<Event<'_>> =
        webhooks.into_iter().flatten().filter_map(|(name, webhook)| event(name, webhook)).collect();
    let content = html! {
        h1 { "Events" }
        p.lead {
            "Every type of event, with what a webhook of the programme receives. "
            a href={ (REFERENCE) "#listEvents" } { "The list of events" } " has the same " code { "data" } ". The guide "
            a href={ (GUIDES) "/webhooks" } { "Webhooks" } " explains how to receive them."
        }
        @for subject in events.chunk_by(|one, other| subject(one) == subject(other)) {
            h2 { (subject.first().map(self::subject).unwrap_or_default()) }
            @for event in subject {
                (section(site, event))
            }
        }
    };
    let contents = html! {
        ul {
            @for subject in events.chunk_by(|one, other| subject(one) == subject(other)) {
                li {
                    a href={ "#" (subject.first().map_or("", |event| event.name)) } {
                        (subject.first().map(self::subject).unwrap_or_default())
                    }
                    ul {
                        @for event in subject {
                            li { a href={ "#" (event.name) } { (event.name) } }
                        }
                    }
                }
            }
        }
    };
    let about = "Every type of event of Signpost, with an example of what a webhook receives";
    shell::render(site, &Page { title: "Events", about, part: EVENTS, contents, content })
}

fn section(site: &Site, event: &Event<'_>) -> Markup {
    let example = event.example.and_then(|example| serde_json::to_string_pretty(example).ok());
    html! {
        section.schema id=(event.name) {
            h3 { a href={ "#" (event.name) } { code { (event.name) } } }
            p { (inline(site, event.meaning)) }
            p {
                "Its " code { "data" } " is a "
                a href={ (REFERENCE) "#schema-" (event.schema) } { code { (event.schema) } } "."
            }
            @if let Some(example) = example {
                (code_block(&format!("Example of {}", event.name), &example))
            }
        }
    }
}
