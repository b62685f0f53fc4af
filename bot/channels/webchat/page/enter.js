// The door: the operator's token, or an invitation whose secret stands in the fragment, which no server and no log sees.
"use strict";

const byId = (id) => document.getElementById(id);

const invitation = new URLSearchParams(location.hash.slice(1)).get("invitation");

if (invitation) {
  byId("token-form").hidden = true;
  byId("guest-form").hidden = false;
  fetch("/chat/messages").then((reply) => { byId("inside").hidden = !reply.ok; }, () => {});
  byId("guest-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = byId("guest-form").querySelector("button");
    button.disabled = true;
    byId("void").hidden = true;
    try {
      const reply = await fetch("/chat/redeem", {
        method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({invitation}),
      });
      if (reply.ok) return location.replace("/");
      byId("void").textContent = (await reply.json()).error;
    } catch {
      byId("void").textContent = "No connection. Try again. · 连接不上，请再试一次。";
    }
    byId("void").hidden = false;
    button.disabled = false;
  });
} else {
  byId("wrong").hidden = !new URLSearchParams(location.search).has("wrong");
}
