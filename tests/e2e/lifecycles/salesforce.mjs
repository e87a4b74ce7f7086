// An organisation that installs a package from AppExchange, as developer.salesforce.com documents the calls (License
// Management App, outbound messages, Canvas signed requests). Salesforce reports no amounts, so charges come from the
// operator through the API.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { billed } from "../support/lifecycles.mjs";
import { minutes } from "../support/signers.mjs";

const PATH_SECRET = "w8Jc0q1rV3m5t7y9";
const CONSUMER_SECRET = "4F2A9D0C7B1E48E2A6D5C3B8F90E1D2C";
const PUBLISHER_ORGANIZATION = "00Dxx0000001gPLEAY";
/** Licences have the organisation's id with 15 characters, signed requests with 18. */
const ORGANIZATION = "00Dyy0000009ZZZ";
const LICENSE = "a0Fxx000000Abc1EAC";
const CUSTOMER = `salesforce:${ORGANIZATION}`;

const notification = (id, status, minute) => `<Notification><Id>${id}</Id>
  <sObject xsi:type="sf:sfLma__License__c" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">
   <sf:Id>${LICENSE}</sf:Id><sf:CreatedDate>${minutes(0)}</sf:CreatedDate>
   <sf:LastModifiedDate>${minutes(minute)}</sf:LastModifiedDate><sf:sfLma__Seats__c>25.0</sf:sfLma__Seats__c>
   <sf:sfLma__Status__c>${status}</sf:sfLma__Status__c>
   <sf:sfLma__Subscriber_Org_ID__c>${ORGANIZATION}</sf:sfLma__Subscriber_Org_ID__c>
   <sf:sfLma__Version_Number__c>3.1</sf:sfLma__Version_Number__c></sObject></Notification>`;

/** Returns a step that sends an outbound message. Salesforce repeats it until the response acknowledges it. */
const message = (scenario, ...notifications) => async () => {
  const body = `<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>
<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>${PUBLISHER_ORGANIZATION}</OrganizationId>
<ActionId>04kxx0000004CDrAAM</ActionId><SessionId xsi:nil="true"/>${notifications.join("")}</notifications></soapenv:Body></soapenv:Envelope>`;
  const response = await scenario.callback(`license/${PATH_SECRET}`, { method: "POST", body, headers: { "content-type": "text/xml; charset=UTF-8" } });
  assert.equal(response.status, 200);
  assert.match(await response.text(), /<Ack>true<\/Ack>/);
};

/** Returns the signed request that Salesforce posts to the Canvas app in its frame. */
function signedRequest() {
  const envelope = {
    algorithm: "HMACSHA256", issuedAt: -1882588807, userId: "005yy000001SwiUAAS",
    client: { oauthToken: "00Dyy!first", instanceUrl: "https://fabrikam.my.salesforce.com" },
    context: { user: { userName: "admin@fabrikam.example" }, organization: { organizationId: `${ORGANIZATION}MAW`, name: "Fabrikam" } },
  };
  const json = Buffer.from(JSON.stringify(envelope)).toString("base64");
  return `${createHmac("sha256", CONSUMER_SECRET).update(json).digest("base64")}.${json}`;
}

export default {
  marketplace: "salesforce",
  settings: { organization_id: PUBLISHER_ORGANIZATION },
  secrets: { path_secret: PATH_SECRET, consumer_secret: CONSUMER_SECRET },
  vendor: (request) => assert.fail(`unexpected request to ${request.url}`),
  steps(scenario) {
    let used = false;
    return {
      trial: message(scenario, notification("04lxx000000Cf21AAS", "Trial", 0)),
      active: message(scenario, notification("04lxx000000Cf22AAS", "Active", 10)),
      async opened() {
        const response = await scenario.form("canvas", { signed_request: signedRequest() });
        if (used) return assert.equal(response.status, 401, "a signed request is valid once");
        used = true;
        const product = await scenario.throughPage(response);
        assert.equal(product.search, "?plan=pro");
      },
      ...scenario.billing(CUSTOMER),
      suspendedAndActive: message(scenario, notification("04lxx000000Cf23AAS", "Suspended", 20), notification("04lxx000000Cf24AAS", "Active", 30)),
      uninstalled: message(scenario, notification("04lxx000000Cf25AAS", "Uninstalled", 60)),
    };
  },
  ends: {
    conversions: [
      `install license:${LICENSE}:installed of ${CUSTOMER}; attributed`,
      ...billed.conversions(CUSTOMER),
      `uninstall license:${LICENSE}:uninstalled of ${CUSTOMER}; unsigned_bound, attributed`,
    ],
    balances: billed.balances,
    accounts: [`${ORGANIZATION}: uninstalled, 3.1`],
  },
};
