//! The operations of the HTTP contract. Every route names its operation, and the documentation matches on all of them, so a
//! route without documentation does not compile.

macro_rules! operations {
    ($($(#[$doc:meta])* $variant:ident = $id:literal, $summary:literal;)*) => {
        /// An operation of the HTTP contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation { $(#[doc = $summary] $variant,)* }

        impl Operation {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// OpenAPI's `operationId`. Client generators derive method names from it, so never rename one.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)* }
            }

            /// What it does, in a line.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self { $(Self::$variant => $summary,)* }
            }
        }
    };
}

operations! {
    GetProgram = "getProgram", "Read the programme's terms";
    SetProgram = "setProgram", "Set the programme's terms";
    CreateKey = "createKey", "Make an API key";
    ListKeys = "listKeys", "List API keys";
    RevokeKey = "revokeKey", "Revoke an API key";
    CreatePartner = "createPartner", "Add a partner";
    ListPartners = "listPartners", "List partners";
    GetPartner = "getPartner", "Read a partner";
    UpdatePartner = "updatePartner", "Change a partner";
    CreateListing = "createListing", "Add a listing";
    ListListings = "listListings", "List listings";
    GetListing = "getListing", "Read a listing";
    UpdateListing = "updateListing", "Change a listing, rotate its secrets";
    CreateLink = "createLink", "Make a link";
    CreateLinks = "createLinks", "Make up to 100 links, all or none";
    ListLinks = "listLinks", "List links";
    GetLink = "getLink", "Read a link";
    GetLinkQr = "getLinkQr", "Read a link's QR code";
    RevokeLink = "revokeLink", "Revoke a link";
    CreateCoupon = "createCoupon", "Add a coupon";
    ListCoupons = "listCoupons", "List coupons";
    GetCoupon = "getCoupon", "Read a coupon";
    RevokeCoupon = "revokeCoupon", "Revoke a coupon";
    CreateConversion = "createConversion", "Send a conversion";
    ReportPlayInstall = "reportPlayInstall", "Report an install from Google Play";
    ListConversions = "listConversions", "List conversions";
    GetConversion = "getConversion", "Read a conversion";
    ExplainConversion = "explainConversion", "Explain why a conversion was credited so";
    CreateRefund = "createRefund", "Refund a conversion";
    GetAttribution = "getAttribution", "Report clicks, conversions, revenue and commission";
    SimulateAttribution = "simulateAttribution", "See who would earn what under other rules";
    ListBalances = "listBalances", "Read what is owed to whom";
    ListCommissions = "listCommissions", "List commissions";
    GetCommission = "getCommission", "Read a commission";
    ReleaseCommission = "releaseCommission", "Release a commission that is held";
    CreatePlacement = "createPlacement", "Add a placement, and owe its fee";
    ListPlacements = "listPlacements", "List placements";
    GetPlacement = "getPlacement", "Read a placement, and what came back";
    RejectCommission = "rejectCommission", "Reject a commission";
    GetHistory = "getCommissionHistory", "Read the whole story of a commission";
    WriteOff = "writeOffBalance", "Forgive a negative balance";
    GetTrialBalance = "getTrialBalance", "Read the trial balance";
    SetRates = "setExchangeRates", "Supply or correct exchange rates";
    ListRates = "listExchangeRates", "List exchange rates";
    SetPayoutDetails = "setPayoutDetails", "Set how a partner is paid";
    GetPayoutDetails = "getPayoutDetails", "Read how a partner is paid";
    CreateRun = "createPayoutRun", "Compute a payout run";
    ListRuns = "listPayoutRuns", "List payout runs";
    GetRun = "getPayoutRun", "Read a payout run";
    RefreshRun = "refreshPayoutRun", "Compute a draft anew";
    CancelRun = "cancelPayoutRun", "Give a draft up";
    ApproveRun = "approvePayoutRun", "Approve a draft";
    SendResults = "sendPayoutResults", "Tell how payouts of a run ended, all or none";
    GetRunTable = "getPayoutTable", "Read a run as a table";
    GetSepaFile = "getSepaFile", "Read a run's SEPA credit transfers";
    GetPaypalFile = "getPaypalFile", "Read a run's PayPal payouts";
    GetWiseFile = "getWiseFile", "Read a run's Wise batch";
    ListPayouts = "listPayouts", "List payouts";
    GetPayout = "getPayout", "Read a payout";
    ListPayoutItems = "listPayoutItems", "List a payout's commissions";
    PayPayout = "payPayout", "Tell that a payout was paid";
    FailPayout = "failPayout", "Tell that a payout failed";
    GetStatement = "getStatement", "Read a payout's statement";
    GetStatementCsv = "getStatementCsv", "Read a payout's statement as CSV";
    GetStatementHtml = "getStatementHtml", "Read a payout's statement as a page to print";
    ListEvents = "listEvents", "List every change, oldest first";
    ListClicks = "listClicks", "List clicks";
    ExportLog = "exportLog", "Export clicks and events";
    FollowLink = "followLink", "Follow a link";
    ProbeLink = "probeLink", "Follow a link without a body";
    FollowSlug = "followSlug", "Follow a short link";
    ProbeSlug = "probeSlug", "Follow a short link without a body";
    OpenCallback = "openCallback", "A browser that a marketplace sends";
    ReceiveCallback = "receiveCallback", "A marketplace's message";
    GetHealth = "getHealth", "Whether the Worker runs";
    GetReadiness = "getReadiness", "Whether the Worker reaches its stores";
    GetOpenapi = "getOpenapi", "Read this description as OpenAPI";
    GetDocs = "getDocs", "Read this description as a page";
}
