using System.Collections.Generic;
using System.Linq;
using System.Text;
using NUnit.Framework;

namespace NpcBridge.Core.Tests
{
    public sealed class GoldenTests
    {
        private static readonly MsgpackCodec Msgpack = new MsgpackCodec();
        private static readonly JsonCodec Json = new JsonCodec();

        /// <summary>Frames that are one sound message; what is wrong with their fields is for the bridge to say.</summary>
        private static readonly string[] Readable =
        {
            "json_no_type", "json_no_type_but_id", "json_type_is_number", "json_unknown_type", "json_type_of_the_bridge",
            "json_field_missing", "json_field_of_wrong_kind", "json_id_empty", "json_id_too_long", "json_text_too_long",
            "json_position_negative", "json_position_broken", "msgpack_no_type", "msgpack_unknown_type",
        };

        [Test]
        public void EveryMsgpackFileIsWrittenAgainToTheSameBytes()
        {
            foreach (WireMap entry in Golden.Index("messages"))
            {
                byte[] octets = Golden.Read(entry.TextOf("file") + ".msgpack");
                Assert.That(Msgpack.Encode(Msgpack.Decode(octets, 65536)), Is.EqualTo(octets), entry.TextOf("file"));
            }
        }

        [Test]
        public void EveryJsonFileIsWrittenAgainToTheSameBytes()
        {
            foreach (WireMap entry in Golden.Index("messages"))
            {
                byte[] octets = Golden.Read(entry.TextOf("file") + ".json");
                byte[] written = Json.Encode(Json.Decode(octets, 65536));
                Assert.That(Encoding.UTF8.GetString(written), Is.EqualTo(Encoding.UTF8.GetString(octets)), entry.TextOf("file"));
            }
        }

        [Test]
        public void BothFilesOfAMessageMeanTheSame()
        {
            foreach (WireMap entry in Golden.Index("messages"))
            {
                WireMap one = Json.Decode(Golden.Read(entry.TextOf("file") + ".json"), 65536);
                WireMap other = Msgpack.Decode(Golden.Read(entry.TextOf("file") + ".msgpack"), 65536);
                Assert.That(Golden.Show(one), Is.EqualTo(Golden.Show(other)), entry.TextOf("file"));
            }
        }

        [Test]
        public void WhatAGameSaysIsWrittenToTheVeryBytesOfItsFile()
        {
            Dictionary<string, WireMap> messages = WhatAGameSays();
            foreach (var message in messages)
            {
                Assert.That(Golden.Show(message.Value), Is.EqualTo(Encoding.UTF8.GetString(Golden.Read(message.Key + ".json"))), message.Key);
                Assert.That(Msgpack.Encode(message.Value), Is.EqualTo(Golden.Read(message.Key + ".msgpack")), message.Key);
            }

            var types = Golden.Index("messages").Where(each => each.TextOf("from") == "game").Select(each => each.TextOf("type"));
            Assert.That(messages.Values.Select(each => each.TextOf("type")), Is.SupersetOf(types.Distinct()));
        }

        [Test]
        public void WhatTheBridgeSaysIsReadFieldByField()
        {
            Dictionary<string, string> wanted = WhatTheBridgeSays();
            foreach (WireMap entry in Golden.Index("messages"))
            {
                string file = entry.TextOf("file");
                if (entry.TextOf("from") == "bridge")
                {
                    Assert.That(Shown.Of(BridgeMessage.Read(Json.Decode(Golden.Read(file + ".json"), 65536))), Is.EqualTo(wanted[file]), file);
                    Assert.That(Shown.Of(BridgeMessage.Read(Msgpack.Decode(Golden.Read(file + ".msgpack"), 65536))), Is.EqualTo(wanted[file]), file);
                }
            }
        }

        [Test]
        public void AMessageOfAGameIsNotTakenForOneOfTheBridge()
        {
            foreach (WireMap entry in Golden.Index("messages"))
            {
                if (entry.TextOf("from") == "game")
                {
                    WireMap map = Json.Decode(Golden.Read(entry.TextOf("file") + ".json"), 65536);
                    Assert.Throws<WireException>(() => BridgeMessage.Read(map), entry.TextOf("file"));
                }
            }
        }

        [Test]
        public void ABadFrameIsRefused()
        {
            foreach (WireMap entry in Golden.Index("bad"))
            {
                string file = entry.TextOf("file");
                byte[] frame = Golden.Read(file);
                ICodec codec = entry.TextOf("codec") == "json" ? (ICodec)Json : Msgpack;
                string name = file.Substring("bad/".Length).Split('.')[0];
                if (Readable.Contains(name))
                {
                    WireMap map = codec.Decode(frame, 65536);
                    Assert.Throws<WireException>(() => BridgeMessage.Read(map), name);
                }
                else
                {
                    Assert.Throws<WireException>(() => codec.Decode(frame, 65536), name);
                }
            }
        }

        private static Dictionary<string, WireMap> WhatAGameSays()
        {
            var ada = new Player("Ada", "p1", "A young traveller with a broken sword.");
            var clips = new[] { new Clip("wave", "raises a hand in greeting", new[] { "waves", "挥手" }), new Clip("hammer") };
            var targets = new[] { new Target("door", new[] { "entrance", "门" }), new Target("Ada") };
            var flags = new WireMap { { "quest.cellar", 2L }, { "met_the_king", true }, { "weather", "rain" }, { "trust", 0.5 }, { "old_flag", null } };
            var weighted = new GroupOptions
            {
                Director = Director.Weighted, Weights = new Dictionary<string, double> { { "smith_01", 0.5 }, { "bard_01", 2 } }, MaxNpcTurns = 3,
                PauseSeconds = 0.5,
            };
            var quest = new WireMap { { "quest", "find the miller" }, { "stage", 2L } };
            var data = Plain.Map(new Dictionary<string, object>
            {
                { "how", "hard" },
                { "since_min", 5 },
                { "wind", 0.5f },
                { "is_cold", true },
                { "from", new[] { "north", "west" } },
                { "warning", null },
            });
            var all = new EventOptions
            {
                Npc = "smith_01", Group = "tavern", Key = "weather", Priority = 7, TtlSeconds = 120.5, TtlTurns = 3, React = true,
            };
            var position = Plain.Map(new Dictionary<string, object> { { "x", 12.25 }, { "y", -3.5f }, { "z", 1e-7f } });
            var at = new WireMap { { "type", "event" }, { "name", "player_at" }, { "key", "player_at" }, { "data", position } };
            var blob = Enumerable.Range(0, 52).Select(each => (byte)(each * 5)).ToArray();
            return new Dictionary<string, WireMap>
            {
                { "hello", GameMessages.Hello("npc-bridge-python 1.0", "pygame 2.6", "not-a-secret", "s-7f3a", 41) },
                { "hello_minimal", GameMessages.Hello("", "", "", "", 0) },
                { "open", GameMessages.Open("smith_01", "brom", ada, clips, "en", "tavern", targets, false, 20.5) },
                { "declare", GameMessages.Declare("smith_01", new[] { new Clip("wave", "raises a hand", new[] { "waves" }) }, new[] { new Target("anvil") }) },
                { "event", GameMessages.Event("rain_started", "e1", data, all) },
                { "event_minimal", GameMessages.Event("sword_drawn", "", null, null) },
                { "event_position", at },
                { "say", GameMessages.Say("l1", "smith_01", "Can you mend this sword?", "Ada") },
                { "say_minimal", GameMessages.Say("l2", "smith_01", "Hello!", "") },
                { "say_unicode", GameMessages.Say("第3句", "铁匠", "你好！👋🏽 \"quoted\" \\ back\ttab\nline e\u0301 \u2028 \u0001", "") },
                { "say_group", GameMessages.Say("l4", "tavern", "Who can mend this?", "") },
                { "note", GameMessages.Note("k1", "smith_01", "tavern", "The mill burned down last winter.", quest, "quest") },
                { "flags", GameMessages.Flags("g1", "smith_01", flags) },
                { "line", GameMessages.Line("a1", "smith_01", "(nods) We are closed.", "Ada", true) },
                { "hold", GameMessages.Hold("d1", "smith_01", "tavern") },
                { "release", GameMessages.Release("d2", "smith_01", "tavern") },
                { "gather", GameMessages.Gather("p1", "tavern", new[] { "smith_01", "bard_01" }, weighted) },
                { "disperse", GameMessages.Disperse("p2", "tavern") },
                { "ask_stats", GameMessages.AskStats("x1") },
                { "continue", GameMessages.Continue("c1", "smith_01") },
                { "regenerate", GameMessages.Regenerate("r1", "smith_01") },
                { "candidates", GameMessages.Candidates("n1", "smith_01", 3) },
                { "choose", GameMessages.Choose("h1", "smith_01", "t4", 2) },
                { "seen", GameMessages.Seen("smith_01", "t1", 17) },
                { "interrupt", GameMessages.Interrupt("smith_01", "t1", 17) },
                { "interrupt_minimal", GameMessages.Interrupt("smith_01", "", -1) },
                { "save", GameMessages.Save("v1", "quick") },
                { "load", GameMessages.Load("o1", "quick", blob) },
                { "forget", GameMessages.Forget("f1", "smith_01", "Ada") },
                { "close", GameMessages.Close("smith_01") },
            };
        }

        private static Dictionary<string, string> WhatTheBridgeSays()
        {
            string blob = System.Convert.ToBase64String(Enumerable.Range(0, 52).Select(each => (byte)(each * 5)).ToArray());
            return new Dictionary<string, string>
            {
                { "welcome", "1 welcome 1 s-7f3a False npc-bridge 0.1.0 embedded SmolLM2-135M-Instruct 65536 brom,isolde smith_01 2" },
                { "opened", "2 opened smith_01 brom Brom en True 12 Come back tomorrow." },
                { "accepted", "3 accepted e1,e2,l1" },
                { "turn_started", "4 turn_started smith_01 t2 say l1,l2 What has just happened:\nrain_started: how:hard t1 3 tavern" },
                { "turn_started_opening", "5 turn_started smith_01 t1 opening    1 " },
                { "text", "6 text smith_01 t2 0 Let me see.  0" },
                { "text_emoji", "7 text smith_01 t2 12 好剑！👋🏽 𝄞 0" },
                { "cue", "8 cue smith_01 t2 12 wave waves at you  -1  final 0 0" },
                { "cue_without_clip", "9 cue smith_01 t2 19  笑  -1  final 0 0" },
                { "turn_ended", "10 turn_ended smith_01 t2 stop 19 412 384 11 84.5 310.25   False model_studio 0.00025 0.0125" },
                { "turn_ended_interrupted", "11 turn_ended smith_01 t3 interrupted 8 -1 -1 -1 -1 95.5   False  -1 -1" },
                {
                    "turn_ended_fallback",
                    "12 turn_ended smith_01 t4 fallback 24 -1 -1 -1 5000.5 5000.75 backend_timeout the model took too long to reply True  -1 -1"
                },
                {
                    "turn_ended_failed",
                    "13 turn_ended smith_01 t5 failed 0 -1 -1 -1 -1 12.5 bad_key the server does not accept this key False  -1 -1"
                },
                { "saved", "14 saved v1 quick " + blob },
                { "loaded", "15 loaded o1 quick smith_01,bard_01 3" },
                { "text_candidate", "6 text smith_01 t2 0 Give it here. 2" },
                { "cue_aimed", "8 cue smith_01 t2 12 point points at the door door 0.875 lexical provisional 1 2" },
                { "cue_withdrawn", "9 cue smith_01 t2 12 point points out that it is late  -1  withdrawn 1 0" },
                { "exit", "9 exit smith_01 t2 trade_opened 19" },
                { "forgotten", "15 forgotten f1 2 40 3 1" },
                { "gathered", "15 gathered p1 tavern smith_01,bard_01" },
                { "dispersed", "15 dispersed p2 tavern" },
                { "notice", "15 notice budget_low 80 % of the budget of this day is spent smith_01 Ada" },
                {
                    "stats",
                    "15 stats x1 {\"turns\":12,\"prompt_tokens\":4820,\"cached_tokens\":4100,\"completion_tokens\":310,\"cost_usd\":0.0125} "
                    + "[{\"character\":\"brom\",\"turns\":12,\"cost_usd\":0.0125}][{\"player\":\"Ada\",\"turns\":12,\"cost_usd\":0.0125}]"
                    + "[{\"backend\":\"model_studio\",\"state\":\"closed\",\"failures\":0}]"
                    + "[{\"scope\":\"player\",\"name\":\"Ada\",\"per\":\"day\",\"limit_usd\":0.1,\"spent_usd\":0.0125}] brom:polishes a mug:3:wipe"
                },
                { "closed", "16 closed smith_01" },
                { "error", "17 error unknown_npc no conversation with 'smith_02' is open; send 'open' first False l3" },
                { "bridge_unknown_fields", "18 closed smith_01" },
            };
        }
    }
}
