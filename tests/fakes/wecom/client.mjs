// Drives the official client of WeCom's AI bot through one life, for the proof of the fake: prints one JSON line a step.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const [folder, url, botId, secret, film] = process.argv.slice(2);
const require = createRequire(`${folder}/package.json`);
const { WSClient } = require("@wecom/aibot-node-sdk");
const say = (step, more = {}) => console.log(JSON.stringify({ step, ...more }));
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const client = new WSClient({ botId, secret, wsUrl: url, logger: quiet, maxReconnectAttempts: 2, maxAuthFailureAttempts: 1,
  reconnectInterval: 100, heartbeatInterval: 300 });
const card = (task_id, text) => ({ card_type: "button_interaction", task_id, main_title: { title: text },
  button_list: [{ text: "下单", style: 1, key: "yes:K7" }, { text: "不做了", style: 1, key: "no:K7" }] });

client.on("authenticated", () => say("authenticated"));
client.on("error", (error) => say("error", { message: String(error.message) }));
client.on("event.disconnected_event", () => say("thrown-out"));
client.on("event.enter_chat", async (frame) => {
  await client.replyWelcome(frame, { msgtype: "text", text: { content: "hello" } });
  say("welcomed");
});
client.on("event.template_card_event", async (frame) => {
  const pressed = frame.body.event.template_card_event;
  await client.updateTemplateCard(frame, card(pressed.task_id, "pressed"), [frame.body.from.userid]);
  say("pressed", { key: pressed.event_key });
});
client.on("message.mixed", async (frame) => {
  const image = frame.body.mixed.msg_item.find((item) => item.msgtype === "image").image;
  const { buffer } = await client.downloadFile(image.url, image.aeskey);
  say("photo", { base64: buffer.toString("base64") });
});
client.on("message.text", async (frame) => {
  const words = frame.body.text.content;
  try {
    await client.replyStream(frame, "s1", "first", false);
    await client.replyStream(frame, "s1", "first and last", true);
    const chat = frame.body.chatid ?? frame.body.from.userid;
    await client.sendMessage(chat, { msgtype: "markdown", markdown: { content: "**later**" } });
    await client.sendMessage(chat, { msgtype: "template_card", template_card: card("task-1", "offer") });
    const media = await client.uploadMedia(readFileSync(film), { type: "video", filename: "film.mp4" });
    await client.sendMediaMessage(chat, "video", media.media_id, { title: "K7", description: "a fox" });
    say("answered", { words });
  } catch (error) {
    say("failed", { error: error.message ?? JSON.stringify(error) });
  }
});
client.connect();
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
