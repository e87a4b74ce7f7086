//! Scopes of API keys.

use crate::values::string_enum::string_enum;

string_enum! {
    /// A permission of an API key.
    Scope {
        /// Read everything that the key can see.
        Read = "read";
        /// Create and revoke links.
        LinksWrite = "links:write";
        /// Send conversions and refunds.
        ConversionsWrite = "conversions:write";
        /// Create and update partners.
        PartnersWrite = "partners:write";
        /// Draft and approve payouts.
        PayoutsWrite = "payouts:write";
        /// Manage endpoints that receive events.
        WebhooksWrite = "webhooks:write";
        /// Manage users and their credentials: make tokens for browsers.
        UsersWrite = "users:write";
        /// Report leads from a web page; for publishable keys only.
        LeadsReport = "leads:report";
        /// Everything, including keys, listings and the programme's terms.
        Admin = "admin";
    }
}
