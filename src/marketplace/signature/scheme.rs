//! The signature schemes with shared secrets, each a row of data. To add a scheme, add a variant, an entry in
//! [`Scheme::ALL`], a row, and vectors under `fixtures/vectors/`.

use super::{
    encoding::Encoding,
    envelope::EnvelopeRule,
    jwt::{self, JwtRule, Parties},
    mac::{Body, Clock, MacRule, Part, Proves, TagLocation, ValueLocation},
    secret::{MacAlgorithm, SecretForm},
    verified::single_use_key,
    window::{Unit, Window},
};

/// A marketplace's signature scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// Adobe I/O Events, the old `x-adobe-signature`.
    AdobeIoEventsLegacyHmac,
    /// BigCommerce `/load`, `/uninstall`, `/remove_user`.
    BigcommerceSignedPayloadJwt,
    /// The same callbacks for apps that never migrated to the JWT.
    BigcommerceSignedPayloadLegacy,
    /// BigCommerce webhooks, which follow Standard Webhooks.
    BigcommerceWebhook,
    /// DigitalOcean add-ons: provisioning, plans, notifications.
    DigitaloceanBasicAuth,
    /// DigitalOcean add-ons: single sign-on.
    DigitaloceanSso,
    /// HubSpot's signature, version 1.
    HubspotV1,
    /// HubSpot's signature, version 2.
    HubspotV2,
    /// HubSpot's signature, version 3, which should be required.
    HubspotV3,
    /// Salesforce Canvas.
    SalesforceCanvasSignedRequest,
    /// Salesforce outbound messages.
    SalesforceOutboundMessage,
    /// Shopify's App URL and OAuth redirect.
    ShopifyOauthQuery,
    /// Shopify's session token, `id_token`.
    ShopifySessionToken,
    /// Shopify webhooks.
    ShopifyWebhook,
    /// SaaS billing of WooCommerce.com.
    WooSaasBillingWebhook,
    /// Webhooks of a WooCommerce shop.
    WoocommerceWebhook,
}

/// The definition of a scheme.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub name: &'static str,
    /// Whether the vendor has a stronger scheme. Such a scheme is refused unless the operator allows it.
    pub legacy: bool,
    pub secret: SecretForm,
    pub rule: Rule,
}

/// The kinds of schemes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    Mac(MacAlgorithm, MacRule),
    Jwt(JwtRule),
    Envelope(EnvelopeRule),
    Basic,
    OutboundMessage,
}

const fn row(name: &'static str, rule: Rule) -> Row {
    Row { name, legacy: false, secret: SecretForm::Raw, rule }
}

/// HMAC-SHA256 over the raw body, in base64, in one of these headers.
const fn body_mac(headers: &'static [&'static str], body: Body) -> MacRule {
    MacRule {
        location: TagLocation::Header(headers),
        encoding: Encoding::Base64,
        signed: &[Part::Body],
        version: None,
        stronger: None,
        clock: None,
        proves: Proves::Body(body),
    }
}

const MINUTE_MS: i64 = 60 * 1000;
const HUBSPOT_V3: &str = "X-HubSpot-Signature-v3";

/// HubSpot's v1 and v2. Both are refused in a request that also has a v3 signature.
const fn hubspot_hash(version: &'static str, signed: &'static [Part]) -> Rule {
    let rule = MacRule {
        location: TagLocation::Header(&["X-HubSpot-Signature"]),
        encoding: Encoding::Hex,
        signed,
        version: Some(("X-HubSpot-Signature-Version", version)),
        stronger: Some(HUBSPOT_V3),
        clock: None,
        proves: Proves::Body(Body::Any),
    };
    Rule::Mac(MacAlgorithm::SecretThenSha256, rule)
}

const fn hmac(rule: MacRule) -> Rule {
    Rule::Mac(MacAlgorithm::HmacSha256, rule)
}

// https://developer.adobe.com/events/docs/guides/: RSA signatures have superseded it.
const ADOBE_IO_EVENTS_LEGACY_HMAC: Row = Row {
    legacy: true,
    ..row("adobe_io_events_legacy_hmac", hmac(body_mac(&["x-adobe-signature"], Body::Present)))
};

// https://developer.bigcommerce.com/docs/integrations/apps/guide/callbacks: the vendor backdates `nbf` by 5 s, so no
// leeway is needed.
const BIGCOMMERCE_SIGNED_PAYLOAD_JWT: Row = row(
    "bigcommerce_signed_payload_jwt",
    Rule::Jwt(JwtRule {
        location: jwt::TokenLocation::Query("signed_payload_jwt"),
        leeway_ms: 0,
        parties: Parties::BigCommerce,
    }),
);

const BIGCOMMERCE_SIGNED_PAYLOAD_LEGACY: Row = Row {
    legacy: true,
    ..row("bigcommerce_signed_payload_legacy", Rule::Envelope(EnvelopeRule::BigCommerceLegacy))
};

// https://developer.bigcommerce.com/docs/integrations/webhooks and the Standard Webhooks specification. The key is the
// client secret's own bytes: the vendor's code encodes it in base64 only because its library decodes it again.
const BIGCOMMERCE_WEBHOOK: Row = row(
    "bigcommerce_webhook",
    hmac(MacRule {
        location: TagLocation::List { header: "webhook-signature", version: "v1," },
        encoding: Encoding::Base64,
        signed: &[
            Part::Value(ValueLocation::Header("webhook-id")),
            Part::Text("."),
            Part::Value(ValueLocation::Header("webhook-timestamp")),
            Part::Text("."),
            Part::Body,
        ],
        version: None,
        stronger: None,
        clock: Some(Clock {
            location: ValueLocation::Header("webhook-timestamp"),
            unit: Unit::Seconds,
            window: Window::around(5 * MINUTE_MS),
        }),
        proves: Proves::Body(Body::Any),
    }),
);

const DIGITALOCEAN_BASIC_AUTH: Row = row("digitalocean_basic_auth", Rule::Basic);

// marketplace-eng/sample_golang_app, internal/server/sso.go. The fields `user_id` and `user_email` are not signed.
// The vendor's sample accepts any time in the future; here none is accepted.
const DIGITALOCEAN_SSO: Row = row(
    "digitalocean_sso",
    hmac(MacRule {
        location: TagLocation::Field("token"),
        encoding: Encoding::Hex,
        signed: &[
            Part::Value(ValueLocation::Field("timestamp")),
            Part::Text(":"),
            Part::Value(ValueLocation::Field("resource_uuid")),
        ],
        version: None,
        stronger: None,
        clock: Some(Clock {
            location: ValueLocation::Field("timestamp"),
            unit: Unit::Seconds,
            window: Window { past_ms: 2 * MINUTE_MS, future_ms: 0 },
        }),
        proves: Proves::FieldsOnce(&["timestamp", "resource_uuid"]),
    }),
);

// https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests
const HUBSPOT_V1_ROW: Row = Row { legacy: true, ..row("hubspot_v1", hubspot_hash("v1", &[Part::Body])) };
const HUBSPOT_V2_ROW: Row =
    Row { legacy: true, ..row("hubspot_v2", hubspot_hash("v2", &[Part::Method, Part::Uri, Part::Body])) };
const HUBSPOT_V3_ROW: Row = row(
    "hubspot_v3",
    hmac(MacRule {
        location: TagLocation::Header(&[HUBSPOT_V3]),
        encoding: Encoding::Base64,
        signed: &[
            Part::Method,
            Part::DecodedUri,
            Part::Body,
            Part::Value(ValueLocation::Header("X-HubSpot-Request-Timestamp")),
        ],
        version: None,
        stronger: None,
        clock: Some(Clock {
            location: ValueLocation::Header("X-HubSpot-Request-Timestamp"),
            unit: Unit::Milliseconds,
            window: Window::around(5 * MINUTE_MS),
        }),
        proves: Proves::Body(Body::Any),
    }),
);

const SALESFORCE_CANVAS_SIGNED_REQUEST: Row =
    row("salesforce_canvas_signed_request", Rule::Envelope(EnvelopeRule::Canvas));

const SALESFORCE_OUTBOUND_MESSAGE: Row = row("salesforce_outbound_message", Rule::OutboundMessage);

// https://shopify.dev/docs/apps/build/authentication-authorization: Shopify's JavaScript library allows ±90 s.
const SHOPIFY_OAUTH_QUERY: Row = row(
    "shopify_oauth_query",
    hmac(MacRule {
        location: TagLocation::Query("hmac"),
        encoding: Encoding::Hex,
        signed: &[Part::ShopifyQuery],
        version: None,
        stronger: None,
        clock: Some(Clock {
            location: ValueLocation::Field("timestamp"),
            unit: Unit::Seconds,
            window: Window::around(90 * 1000),
        }),
        proves: Proves::ShopifyQuery,
    }),
);

// https://shopify.dev/docs/apps/build/authentication-authorization/session-tokens: Shopify's libraries allow 10 s.
const SHOPIFY_SESSION_TOKEN: Row = row(
    "shopify_session_token",
    Rule::Jwt(JwtRule {
        location: jwt::TokenLocation::BearerOrQuery("id_token"),
        leeway_ms: 10 * 1000,
        parties: Parties::Shopify,
    }),
);

// https://shopify.dev/docs/apps/build/webhooks. Shopify signs cookies and queries with the same key, so the body must
// be a JSON object.
const SHOPIFY_WEBHOOK: Row = row(
    "shopify_webhook",
    hmac(body_mac(&["X-Shopify-Hmac-Sha256", "Shopify-Hmac-Sha256"], Body::JsonObject)),
);

const WOOCOMMERCE_HEADER: &[&str] = &["X-WC-Webhook-Signature"];

// https://woocommerce.com/document/billing-api-for-saas-products
const WOO_SAAS_BILLING_WEBHOOK: Row =
    row("woo_saas_billing_webhook", hmac(body_mac(WOOCOMMERCE_HEADER, Body::Present)));

// woocommerce/woocommerce, includes/class-wc-webhook.php, `generate_signature`.
const WOOCOMMERCE_WEBHOOK: Row = Row {
    secret: SecretForm::HtmlEntities,
    ..row("woocommerce_webhook", hmac(body_mac(WOOCOMMERCE_HEADER, Body::Present)))
};

impl Scheme {
    /// All schemes, sorted by name.
    pub const ALL: &'static [Self] = &[
        Self::AdobeIoEventsLegacyHmac,
        Self::BigcommerceSignedPayloadJwt,
        Self::BigcommerceSignedPayloadLegacy,
        Self::BigcommerceWebhook,
        Self::DigitaloceanBasicAuth,
        Self::DigitaloceanSso,
        Self::HubspotV1,
        Self::HubspotV2,
        Self::HubspotV3,
        Self::SalesforceCanvasSignedRequest,
        Self::SalesforceOutboundMessage,
        Self::ShopifyOauthQuery,
        Self::ShopifySessionToken,
        Self::ShopifyWebhook,
        Self::WooSaasBillingWebhook,
        Self::WoocommerceWebhook,
    ];

    pub(super) fn row(self) -> &'static Row {
        match self {
            Self::AdobeIoEventsLegacyHmac => &ADOBE_IO_EVENTS_LEGACY_HMAC,
            Self::BigcommerceSignedPayloadJwt => &BIGCOMMERCE_SIGNED_PAYLOAD_JWT,
            Self::BigcommerceSignedPayloadLegacy => &BIGCOMMERCE_SIGNED_PAYLOAD_LEGACY,
            Self::BigcommerceWebhook => &BIGCOMMERCE_WEBHOOK,
            Self::DigitaloceanBasicAuth => &DIGITALOCEAN_BASIC_AUTH,
            Self::DigitaloceanSso => &DIGITALOCEAN_SSO,
            Self::HubspotV1 => &HUBSPOT_V1_ROW,
            Self::HubspotV2 => &HUBSPOT_V2_ROW,
            Self::HubspotV3 => &HUBSPOT_V3_ROW,
            Self::SalesforceCanvasSignedRequest => &SALESFORCE_CANVAS_SIGNED_REQUEST,
            Self::SalesforceOutboundMessage => &SALESFORCE_OUTBOUND_MESSAGE,
            Self::ShopifyOauthQuery => &SHOPIFY_OAUTH_QUERY,
            Self::ShopifySessionToken => &SHOPIFY_SESSION_TOKEN,
            Self::ShopifyWebhook => &SHOPIFY_WEBHOOK,
            Self::WooSaasBillingWebhook => &WOO_SAAS_BILLING_WEBHOOK,
            Self::WoocommerceWebhook => &WOOCOMMERCE_WEBHOOK,
        }
    }

    /// Its name in the configuration, vectors and logs.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The scheme with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scheme| scheme.name() == name)
    }

    /// The key of a single-use token: SHA-256 in hexadecimal. `token` identifies it: the `jti` of a JWT (all bytes of its
    /// signature if it has none), or the decoded MAC of another token.
    #[must_use]
    pub fn single_use_key(self, token: &[u8]) -> String {
        single_use_key(self.name(), token)
    }
}
