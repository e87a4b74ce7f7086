//! The operations of the API. Every route names its operation, and the documentation matches on all of them, so a route
//! without documentation does not compile.

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $id:literal, $summary:literal;)*) => {
        /// An operation of the HTTP contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation { $(#[doc = $summary] $variant,)* }

        impl Operation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// OpenAPI's `operationId`. Never rename one, because client generators derive method names from it.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What it does, in one line.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }
        }
    };
}

operations! {
    GetProgram = "getProgram", "Read the programme's terms";
    SetProgram = "setProgram", "Set all of the programme's terms";
    UpdateProgram = "updateProgram", "Change some of the programme's terms";
    CreateKey = "createKey", "Create an API key";
    ListKeys = "listKeys", "List API keys";
    CreateToken = "createToken", "Make a token for browsers";
    RevokeKey = "revokeKey", "Revoke an API key";
    CreatePartner = "createPartner", "Create a partner";
    ListPartners = "listPartners", "List partners";
    GetPartner = "getPartner", "Read a partner";
    UpdatePartner = "updatePartner", "Update a partner";
    GetPartnerTerms = "getPartnerTerms", "Read the terms that apply to a partner";
    CreateListing = "createListing", "Create a listing";
    ListListings = "listListings", "List listings";
    GetListing = "getListing", "Read a listing";
    GetListingHealth = "getListingHealth", "Read whether a listing's marketplace calls";
    UpdateListing = "updateListing", "Update a listing or rotate its secrets";
    CreateLink = "createLink", "Create a link";
    CreateLinks = "createLinks", "Create several links, all or none";
    ListLinks = "listLinks", "List links";
    GetLink = "getLink", "Read a link";
    UpdateLink = "updateLink", "Update a link";
    GetLinkQr = "getLinkQr", "Read a link's QR code";
    GetLinkPng = "getLinkPng", "Read a link's QR code as an image";
    RevokeLink = "revokeLink", "Revoke a link";
    CreateCoupon = "createCoupon", "Create a coupon";
    ListCoupons = "listCoupons", "List coupons";
    GetCoupon = "getCoupon", "Read a coupon";
    RevokeCoupon = "revokeCoupon", "Revoke a coupon";
    CreateConversion = "createConversion", "Send a conversion";
    ReportPlayInstall = "reportPlayInstall", "Report an install from Google Play";
    ListConversions = "listConversions", "List conversions";
    GetConversion = "getConversion", "Read a conversion";
    ExplainConversion = "explainConversion", "Explain the attribution of a conversion";
    CreateRefund = "createRefund", "Refund a conversion";
    QualifyLead = "qualifyLead", "Qualify or unqualify a lead";
    ListCallbacks = "listCallbacks", "List callbacks that could not be read";
    RetryCallback = "retryCallback", "Read a kept callback again";
    GetAttribution = "getAttribution", "Report clicks, conversions, revenue and commission";
    GetAttributionCsv = "getAttributionCsv", "Report clicks, conversions, revenue and commission as CSV";
    SimulateAttribution = "simulateAttribution", "Simulate attribution under other rules";
    ListBalances = "listBalances", "List balances";
    ListCommissions = "listCommissions", "List commissions";
    GetCommission = "getCommission", "Read a commission";
    ReleaseCommission = "releaseCommission", "Release a held commission";
    CreatePlacement = "createPlacement", "Create a placement and its fee";
    ListPlacements = "listPlacements", "List placements";
    GetPlacement = "getPlacement", "Read a placement and its revenue";
    RejectCommission = "rejectCommission", "Reject a commission";
    GetHistory = "getCommissionHistory", "Read the history of a commission";
    WriteOff = "writeOffBalance", "Write off a negative balance";
    GetTrialBalance = "getTrialBalance", "Read the trial balance";
    SetRates = "setExchangeRates", "Set exchange rates";
    ListRates = "listExchangeRates", "List exchange rates";
    SetPayoutDetails = "setPayoutDetails", "Set a partner's payout details";
    GetPayoutDetails = "getPayoutDetails", "Read a partner's payout details";
    CreateRun = "createPayoutRun", "Create a payout run";
    ListRuns = "listPayoutRuns", "List payout runs";
    GetRun = "getPayoutRun", "Read a payout run";
    RefreshRun = "refreshPayoutRun", "Recompute a draft";
    CancelRun = "cancelPayoutRun", "Cancel a draft";
    ApproveRun = "approvePayoutRun", "Approve a draft";
    SendResults = "sendPayoutResults", "Record results of a run's payouts, all or none";
    GetRunTable = "getPayoutTable", "Read a run as a table";
    GetSepaFile = "getSepaFile", "Read a run's SEPA credit transfers";
    GetPaypalFile = "getPaypalFile", "Read a run's PayPal payouts";
    GetWiseFile = "getWiseFile", "Read a run's Wise batch";
    ListPayouts = "listPayouts", "List payouts";
    GetPayout = "getPayout", "Read a payout";
    ListPayoutItems = "listPayoutItems", "List a payout's commissions";
    PayPayout = "payPayout", "Record that a payout was paid";
    FailPayout = "failPayout", "Record that a payout failed";
    GetStatement = "getStatement", "Read a payout's statement";
    GetStatementCsv = "getStatementCsv", "Read a payout's statement as CSV";
    GetStatementHtml = "getStatementHtml", "Read a payout's statement as a printable page";
    CreateWebhook = "createWebhook", "Create a webhook";
    ListWebhooks = "listWebhooks", "List webhooks";
    GetWebhook = "getWebhook", "Read a webhook";
    UpdateWebhook = "updateWebhook", "Update, pause or activate a webhook";
    DeleteWebhook = "deleteWebhook", "Delete a webhook";
    RotateWebhookSecret = "rotateWebhookSecret", "Replace a webhook's signing secret";
    TestWebhook = "testWebhook", "Send a test to a webhook";
    ListDeliveries = "listDeliveries", "List attempts to deliver events to a webhook";
    ReplayEvents = "replayEvents", "Send events to a webhook again";
    ListEvents = "listEvents", "List all changes, oldest first";
    ListClicks = "listClicks", "List clicks";
    ExportLog = "exportLog", "Export clicks and events";
    RestorePage = "restorePage", "Restore a page of an export";
    GetRestore = "getRestore", "Read how a restore compares with the original";
    ImportLines = "importLines", "Import a history, all or none";
    FollowLink = "followLink", "Follow a link";
    ProbeLink = "probeLink", "Follow a link without a body";
    FollowSlug = "followSlug", "Follow a short link";
    ProbeSlug = "probeSlug", "Follow a short link without a body";
    OpenCallback = "openCallback", "Receive a browser from a marketplace";
    ReceiveCallback = "receiveCallback", "Receive a message from a marketplace";
    GetHealth = "getHealth", "Check that the Worker runs";
    GetReadiness = "getReadiness", "Check that the Worker reaches its stores";
    GetOpenapi = "getOpenapi", "Read this document as OpenAPI";
    GetDocs = "getDocs", "Read this document as a page";
}
