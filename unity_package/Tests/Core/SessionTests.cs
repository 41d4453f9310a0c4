using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;

namespace NpcBridge.Core.Tests
{
    public sealed class SessionTests
    {
        [Test]
        public void ItSaysHelloAndIsReadyWhenWelcomed()
        {
            var table = new Table(settings => settings.Token = "secret");
            table.Session.Start();
            table.Welcome();
            Assert.That(table.Log, Is.EqualTo(new[] { "Connecting", "Ready" }));
            Assert.That(
                Golden.Show(table.Wire.Sent.Single()),
                Is.EqualTo("{\"type\":\"hello\",\"protocol\":1,\"client\":\"npc-bridge-unity 0.1.0\",\"engine\":\"NUnit\",\"token\":\"secret\"}"));
        }

        [Test]
        public void WhatIsSaidBeforeTheWelcomeWaitsForIt()
        {
            var table = new Table();
            var heard = new List<string>();
            table.Session.Open("smith", Open("smith"), message => heard.Add(message.Type));
            table.Session.Say("smith", "Hello!");
            table.Session.Tell("rain");
            table.Session.Start();
            table.Welcome();
            Assert.That(table.Wire.SentTypes, Is.EqualTo(new[] { "hello", "open", "say:Hello!", "event:rain" }));
            Assert.That(table.Session.WaitingCount, Is.EqualTo(2));
        }

        [Test]
        public void WhatWasAcceptedIsNotSentAgain()
        {
            var table = new Table();
            table.Session.Start();
            table.Welcome();
            string first = table.Session.Tell("first");
            table.Session.Tell("second");
            table.Accept(first);
            Reconnect(table);
            table.Welcome();
            Assert.That(table.Wire.SentTypes, Is.EqualTo(new[] { "hello", "event:second" }));
        }

        [Test]
        public void ALostConnectionIsMadeAgainWithTheSessionItHad()
        {
            var table = new Table();
            table.Session.Start();
            table.Welcome();
            table.Accept();
            Reconnect(table);
            table.Wire.State = TransportState.Open;
            table.Pass();
            WireMap hello = table.Wire.Sent.Single();
            Assert.That((hello["session"], hello["seq"]), Is.EqualTo(((object)"s1", (object)2L)));
            Assert.That(table.Log, Is.EqualTo(new[]
            {
                "Connecting", "Ready", "Waiting -1: the connection to the bridge broke", "! connection_lost", "Connecting",
            }));
        }

        [Test]
        public void AResumedSessionGoesOnInMidTurn([Values(0, 4, 5, 7)] int welcomeNumber)
        {
            // Nothing says where the number of the welcome is among those of the messages that were missed.
            var table = new Table();
            var heard = new List<string>();
            table.Session.Open("smith", Open("smith"), message => heard.Add(Shown.Of(message)));
            table.Session.Start();
            table.Welcome();
            table.Say(Opened("smith"));
            table.Say(Started("smith", "t1"));
            table.Say(Piece("smith", "t1", 0, "Let me "));
            table.Pass();
            heard.Clear();
            Reconnect(table);
            table.Wire.State = TransportState.Open;
            table.Pass();
            table.Seq = 4;
            table.Wire.Say(WelcomeBack(welcomeNumber));
            foreach (WireMap missed in new[] { Piece("smith", "t1", 7, "see. "), Piece("smith", "t1", 12, "Yes.") })
            {
                table.Seq += table.Seq + 1 == welcomeNumber ? 1 : 0;
                table.Say(missed);
            }

            table.Pass();
            Assert.That(heard.Select(each => each.Substring(2)), Is.EqualTo(new[]
            {
                "text smith t1 7 see.  0", "text smith t1 12 Yes. 0",
            }));
            Assert.That(table.Wire.SentTypes, Is.EqualTo(new[] { "hello" }), "the NPC is still open");
            Assert.That(table.Log, Has.No.Member("turns lost"));
        }

        [Test]
        public void ASessionThatIsNotResumedLosesItsTurnsAndOpensItsNpcsAgain()
        {
            var table = new Table();
            table.Session.Open("smith", Open("smith"), _ => { });
            table.Session.Start();
            table.Welcome();
            table.Say(Started("smith", "t1"));
            table.Pass();
            Reconnect(table);
            table.Welcome();
            Assert.That(table.Log.Skip(4), Is.EqualTo(new[] { "Connecting", "turns lost", "Ready" }));
            Assert.That(table.Wire.SentTypes, Is.EqualTo(new[] { "hello", "open" }));
        }

        [Test]
        public void TurnsAreLostWhenNoBridgeComesBackInTime()
        {
            var table = new Table();
            table.Session.Start();
            table.Welcome();
            table.Wire.Break();
            table.Pass();
            table.Pass(BridgeSession.ResumeGraceSeconds - 0.1);
            Assert.That(table.Log, Has.No.Member("turns lost"));
            table.Pass(0.2);
            Assert.That(table.Log.Count(each => each == "turns lost"), Is.EqualTo(1));
        }

        [Test]
        public void AMessageSeenBeforeIsDropped()
        {
            var table = new Table();
            var heard = new List<string>();
            table.Session.Open("smith", Open("smith"), message => heard.Add(Shown.Of(message)));
            table.Session.Start();
            table.Welcome();
            table.Say(Piece("smith", "t1", 0, "a"));
            table.Seq = 1;
            table.Say(Piece("smith", "t1", 0, "a"));
            table.Say(Piece("smith", "t1", 1, "b"));
            table.Pass();
            Assert.That(heard, Is.EqualTo(new[] { "2 text smith t1 0 a 0", "3 text smith t1 1 b 0" }));
        }

        [Test]
        public void AGapMakesTheConnectionAnew()
        {
            var table = new Table();
            table.Session.Start();
            table.Welcome();
            table.Seq = 5;
            table.Say(Piece("smith", "t1", 0, "a"));
            FakeTransport first = table.Wire;
            table.Pass();
            Assert.That(table.Log.Skip(2), Is.EqualTo(new[]
            {
                "! messages_lost", "Waiting 1002: 4 messages are missing before number 6", "! connection_lost",
            }));
            Assert.That(first.Goodbye, Is.EqualTo("1002 messages are missing"));
        }

        [Test]
        public void AnUnreadableMessageCostsOnlyItself()
        {
            var table = new Table();
            var heard = new List<string>();
            table.Session.Open("smith", Open("smith"), message => heard.Add(Shown.Of(message)));
            table.Session.Start();
            table.Welcome();
            table.Wire.SayBytes(0xc1);
            table.Seq++;
            table.Say(new WireMap { { "type", "of_a_later_version" } });
            table.Say(Piece("smith", "t1", 0, "a"));
            table.Pass();
            Assert.That(heard, Is.EqualTo(new[] { "4 text smith t1 0 a 0" }));
            Assert.That(table.Log.Skip(2), Is.EqualTo(new[] { "! unreadable", "! unreadable" }));
        }

        [Test]
        public void MessagesThatComeJustBeforeTheCloseCount()
        {
            var table = new Table();
            var heard = new List<string>();
            table.Session.Open("smith", Open("smith"), message => heard.Add(message.Type));
            table.Session.Start();
            table.Welcome();
            table.Say(Piece("smith", "t1", 0, "a"));
            table.Wire.Break(4008, "the bridge is stopping");
            table.Pass();
            Assert.That(heard, Is.EqualTo(new[] { "text" }));
            Assert.That(table.Session.Reason, Is.EqualTo("the bridge is stopping"));
        }

        [TestCase(4000, SessionState.Refused)]
        [TestCase(4001, SessionState.Refused)]
        [TestCase(4004, SessionState.Refused)]
        [TestCase(4009, SessionState.Refused)]
        [TestCase(4006, SessionState.Waiting)]
        [TestCase(4008, SessionState.Waiting)]
        [TestCase(1006, SessionState.Waiting)]
        public void OnlySomeCloseCodesAreFinal(int code, SessionState state)
        {
            var table = new Table();
            table.Session.Start();
            table.Wire.Break(code, "why");
            table.Pass();
            table.Pass(60);
            Assert.That((table.Session.State == SessionState.Refused, table.Wires.Count), Is.EqualTo(state == SessionState.Refused ? (true, 1) : (false, 2)));
        }

        [Test]
        public void WaitsGrowAndAreToldOnce()
        {
            var table = new Table();
            table.Session.Start();
            var waits = new List<double>();
            for (int i = 0; i < 4; i++)
            {
                table.Wire.Break();
                table.Pass(0);
                double since = table.Now;
                int wires = table.Wires.Count;
                while (table.Wires.Count == wires)
                {
                    table.Pass(0.125);
                }

                waits.Add(table.Now - since);
            }

            Assert.That(waits, Is.EqualTo(new[] { 1.0, 2, 4, 4 }));
            Assert.That(table.Log.Count(each => each == "! connection_lost"), Is.EqualTo(1));
        }

        [Test]
        public void ABridgeThatNeverAnswersIsGivenUp()
        {
            var table = new Table();
            table.Session.Start();
            table.Pass();
            table.Pass(BridgeSession.ConnectTimeoutSeconds + 0.1);
            Assert.That(table.Session.Reason, Is.EqualTo("no bridge answered at ws://127.0.0.1:8765 within 5 s"));
        }

        [Test]
        public void ABadAddressIsRefusedInWords([Values("", "127.0.0.1", "http://127.0.0.1:8765")] string url)
        {
            var table = new Table(settings => settings.Url = url);
            table.Session.Start();
            Assert.That(table.Session.State, Is.EqualTo(SessionState.Refused));
            Assert.That(table.Session.Reason, Is.EqualTo("'" + url + "' is not the address of a bridge; write ws://HOST:PORT"));
        }

        [Test]
        public void AnErrorIsToldToTheNpcThatItIsAbout()
        {
            var table = new Table();
            var heard = new List<string>();
            table.Session.Open("smith", Open("smith"), message => heard.Add("smith " + message.Type));
            table.Session.Open("maid", Open("maid"), message => heard.Add("maid " + message.Type));
            table.Session.Start();
            table.Welcome();
            string line = table.Session.Say("maid", "Hello!");
            table.Say(Opened("smith"));
            table.Say(Error("unknown_character", "open"));
            table.Say(Error("bad_message", line));
            table.Say(Error("bad_message", "seen"));
            table.Pass();
            Assert.That(heard, Is.EqualTo(new[] { "smith opened", "maid error", "maid error" }));
            Assert.That(table.Session.WaitingCount, Is.Zero, "a refused line is not sent again");
        }

        [Test]
        public void TheStateOfASessionIsSavedAndLoaded()
        {
            var table = new Table();
            var log = new List<string>();
            table.Session.Saved += saved => log.Add("saved " + saved.Slot + " " + saved.Blob.Length);
            table.Session.Loaded += loaded => log.Add("loaded " + loaded.Slot);
            table.Session.Start();
            table.Welcome();
            table.Session.Save("quick");
            table.Say(new WireMap { { "type", "saved" }, { "id", table.Wire.Sent.Last()["id"] }, { "slot", "quick" }, { "blob", new byte[] { 1, 2, 3 } } });
            table.Session.Load(new byte[] { 1, 2, 3 }, "quick");
            table.Say(new WireMap { { "type", "loaded" }, { "id", table.Wire.Sent.Last()["id"] }, { "slot", "quick" } });
            table.Pass();
            Assert.That(log, Is.EqualTo(new[] { "saved quick 3", "loaded quick" }));
        }

        [Test]
        public void AnAnswerReachesWhoAskedAndAnErrorDoesToo()
        {
            var table = new Table();
            var log = new List<string>();
            table.Session.Start();
            table.Welcome();
            table.Session.Gather("tavern", new[] { "smith", "bard" }, null, (gathered, error) => log.Add(string.Join("+", gathered.Npcs)));
            table.Session.Disperse("cellar", (dispersed, error) => log.Add("! " + error.Code));
            table.Session.Stats((stats, error) => log.Add(stats.Unmapped.Single().Suggestions.Single()));
            table.Session.Forget("", "Ada", (forgotten, error) => log.Add("forgot " + forgotten.Lines));
            string[] ids = table.Wire.Sent.Skip(1).Select(each => each.TextOf("id")).ToArray();
            var unmapped = new WireMap { { "character", "brom" }, { "action", "polishes" }, { "suggestions", new List<object> { "wipe" } } };
            table.Say(new WireMap { { "type", "gathered" }, { "id", ids[0] }, { "group", "tavern" }, { "npcs", new List<object> { "smith", "bard" } } });
            table.Say(Error("unknown_group", ids[1]));
            table.Say(new WireMap { { "type", "stats" }, { "id", ids[2] }, { "unmapped", new List<object> { unmapped } } });
            table.Say(new WireMap { { "type", "forgotten" }, { "id", ids[3] }, { "lines", 4L } });
            table.Say(new WireMap { { "type", "forgotten" }, { "id", ids[3] }, { "lines", 4L } });
            table.Pass();
            Assert.That(log, Is.EqualTo(new[] { "smith+bard", "! unknown_group", "wipe", "forgot 4" }));
        }

        [Test]
        public void ABridgeThatWasStartedAnewIsToldOfGroupsAgain()
        {
            var table = new Table();
            table.Session.Open("smith", Open("smith"), _ => { });
            table.Session.Start();
            table.Welcome();
            foreach (string group in new[] { "tavern", "cellar", "refused" })
            {
                table.Session.Gather(group, new[] { "smith" });
            }

            table.Say(Error("bad_message", table.Wire.Sent.Last().TextOf("id")));
            table.Session.Disperse("cellar");
            table.Session.Tell("rain");
            table.Pass();
            Reconnect(table);
            table.Welcome();
            Assert.That(table.Wire.Sent.Select(each => each.TextOf("type") + each.TextOf("group")), Is.EqualTo(new[] { "hello", "open", "gathertavern", "event" }));
            Reconnect(table);
            table.Welcome(resumed: true);
            Assert.That(table.Wire.SentTypes, Has.No.Member("gather"));
        }

        [Test]
        public void AQuestionThatNobodyAnswersIsGivenUp()
        {
            var table = new Table();
            var log = new List<string>();
            table.Session.Save("", (saved, error) => log.Add("before: " + error.Code));
            table.Session.Start();
            table.Welcome();
            table.Session.Save("", (saved, error) => log.Add("in time: " + error.Code));
            Reconnect(table);
            table.Welcome(resumed: true);
            table.Pass(BridgeSession.AnswerTimeoutSeconds - 1);
            Assert.That(log, Is.EqualTo(new[] { "before: not_connected" }), "the answer may be among what was missed");
            table.Pass(2);
            table.Session.Save("", (saved, error) => log.Add("lost: " + error.Code));
            Reconnect(table);
            table.Welcome();
            table.Session.Save("", (saved, error) => log.Add("stopped: " + error.Code));
            table.Session.Stop();
            Assert.That(log, Is.EqualTo(new[] { "before: not_connected", "in time: no_answer", "lost: no_answer", "stopped: no_answer" }));
        }

        [Test]
        public void WhatWasSaidBeforeALoadIsOfAnotherTimeline()
        {
            var table = new Table();
            table.Session.Start();
            table.Welcome();
            table.Session.Tell("before");
            table.Session.Load(new byte[] { 1 });
            string load = table.Wire.Sent.Last().TextOf("id");
            table.Session.Say("smith", "after");
            table.Say(new WireMap { { "type", "loaded" }, { "id", load }, { "timeline", 1L } });
            table.Pass();
            Reconnect(table);
            table.Welcome();
            Assert.That(table.Wire.SentTypes, Is.EqualTo(new[] { "hello", "say:after" }));
        }

        [Test]
        public void WhatTheGameDecidesIsKeptUntilItIsAccepted()
        {
            var table = new Table();
            table.Session.Hold();
            table.Session.Flags(new WireMap { { "met", true } });
            table.Session.Note("The mill burned down.", key: "mill");
            table.Session.Note("It was rebuilt.", key: "mill");
            table.Session.Line("smith", "We are closed.");
            table.Session.Release("", "tavern");
            string again = table.Session.Regenerate("smith");
            table.Session.Start();
            table.Welcome();
            Assert.That(table.Wire.SentTypes, Is.EqualTo(new[]
            {
                "hello", "hold", "flags", "note:It was rebuilt.", "line:We are closed.", "release", "regenerate",
            }));
            WireMap started = Started("smith", "t1");
            started.Add("answers", new List<object> { again });
            table.Say(started);
            table.Pass();
            Assert.That(table.Session.WaitingCount, Is.EqualTo(5), "what a turn answers has arrived");
        }

        [Test]
        public void AnNpcIsOpenedWithWhatWasDeclaredLast()
        {
            var table = new Table();
            table.Session.Open("smith", Open("smith"), _ => { });
            table.Session.Start();
            table.Welcome();
            table.Say(Opened("smith"));
            table.Pass();
            table.Session.Declare("smith", null, new[] { new Target("door") });
            table.Session.Declare("nobody", new Clip[0], null);
            Reconnect(table);
            table.Welcome();
            Assert.That(Golden.Show(table.Wire.Sent.Last()), Does.EndWith("\"targets\":[{\"name\":\"door\",\"aliases\":[]}]}"));
        }

        [Test]
        public void AnNpcThatCameWhileTheBridgeWasAwayIsOpenedInTheResumedSession()
        {
            var table = new Table();
            var heard = new List<string>();
            table.Session.Open("smith", Open("smith"), _ => { });
            table.Session.Open("maid", Open("maid"), message => heard.Add("maid " + message.Type));
            table.Session.Start();
            table.Welcome();
            table.Say(Opened("smith"));
            table.Pass();
            table.Wire.Break();
            table.Pass();
            table.Session.Open("bard", Open("bard"), message => heard.Add("bard " + message.Type));
            table.Pass(1.5);
            table.Wire.State = TransportState.Open;
            table.Pass();
            WireMap welcome = WelcomeBack(2);
            welcome.Add("npcs", new List<object> { "smith", "maid" });
            table.Wire.Say(welcome);
            table.Say(Opened("maid"));
            table.Pass();
            Assert.That(table.Wire.Sent.Skip(1).Select(each => each.TextOf("npc")), Is.EqualTo(new[] { "bard" }), "the maid's answer was only missed");
            table.Say(Opened("bard"));
            table.Pass();
            Assert.That(heard, Is.EqualTo(new[] { "maid opened", "bard opened" }));
        }

        [Test]
        public void AnNpcThatTheBridgeDoesNotKnowIsOpenedAgain()
        {
            var table = new Table();
            table.Session.Open("smith", Open("smith"), _ => { });
            table.Session.Start();
            table.Welcome();
            table.Say(Opened("smith"));
            table.Pass();
            string line = table.Session.Say("smith", "Hello!");
            table.Say(Error("unknown_npc", line));
            table.Pass();
            Assert.That(table.Wire.SentTypes, Is.EqualTo(new[] { "hello", "open", "say:Hello!", "open" }));
        }

        [Test]
        public void ANoticeIsTold()
        {
            var table = new Table();
            string told = "";
            table.Session.NoticeArrived += notice => told = notice.Code;
            table.Session.Start();
            table.Welcome();
            table.Say(new WireMap { { "type", "notice" }, { "code", "budget_low" }, { "message", "80 % is spent" } });
            table.Pass();
            Assert.That(told, Is.EqualTo("budget_low"));
        }

        [Test]
        public void WhatABridgeDoesNotSupportIsToldAndCostsNothing()
        {
            var table = new Table();
            table.Session.Start();
            table.Welcome();
            table.Session.Save();
            table.Say(Error("not_supported", table.Wire.Sent.Last().TextOf("id")));
            table.Pass();
            Assert.That(table.Log.Skip(2), Is.EqualTo(new[] { "! not_supported" }));
            Assert.That(table.Session.IsReady, Is.True);
        }

        [Test]
        public void AMessageBeyondTheBridgesLimitIsRefusedHere()
        {
            var table = new Table();
            table.Session.Start();
            table.Welcome();
            string id = table.Session.Tell("letter", new WireMap { { "text", new string('x', 1000) } });
            Assert.That((id, table.Wire.Sent.Count, table.Log.Last()), Is.EqualTo(("", 1, "! message_too_large")));
        }

        [Test]
        public void AKeyedEventReplacesTheOneThatWaits()
        {
            var table = new Table();
            table.Session.Tell("at", null, new EventOptions { Key = "at" });
            table.Session.Tell("at", null, new EventOptions { Key = "at", Npc = "maid" });
            table.Session.Tell("at", null, new EventOptions { Key = "at" });
            Assert.That(table.Session.WaitingCount, Is.EqualTo(2));
        }

        [Test]
        public void AnUnconfirmedEventIsNotKept()
        {
            var table = new Table();
            table.Session.Tell("at", null, new EventOptions { Confirm = false });
            table.Session.Start();
            table.Welcome();
            table.Session.Tell("at", null, new EventOptions { Confirm = false });
            Assert.That((table.Session.WaitingCount, table.Wire.Sent.Last().ContainsKey("id")), Is.EqualTo((0, false)));
        }

        [Test]
        public void TooMuchThatWaitsDropsTheOldestEventAndNoLine()
        {
            var table = new Table();
            table.Session.Say("smith", "kept");
            for (int i = 0; i < Protocol.MaxUnaccepted; i++)
            {
                table.Session.Tell("event" + i);
            }

            Assert.That((table.Session.WaitingCount, string.Join(" ", table.Log)), Is.EqualTo((Protocol.MaxUnaccepted, "! dropped")));
            table.Session.Start();
            table.Welcome();
            Assert.That(table.Wire.SentTypes.Take(3), Is.EqualTo(new[] { "hello", "say:kept", "event:event1" }));
        }

        [Test]
        public void LeavingAnNpcForgetsWhatWaitsForIt()
        {
            var table = new Table();
            table.Session.Open("smith", Open("smith"), _ => { });
            table.Session.Say("smith", "Hello!");
            table.Session.Leave("smith");
            table.Session.Start();
            table.Welcome();
            Assert.That((table.Wire.SentTypes, table.Session.IsTaken("smith")), Is.EqualTo((new[] { "hello" }, false)));
        }

        [Test]
        public void AnNpcThatIsOpenedAgainWaitsUntilTheBridgeHasLeftIt()
        {
            var table = new Table();
            var heard = new List<string>();
            table.Session.Open("smith", Open("smith"), _ => { });
            table.Session.Start();
            table.Welcome();
            table.Session.Leave("smith");
            table.Session.Open("smith", Open("smith"), message => heard.Add(message.Type));
            table.Session.Say("smith", "Hello again!");
            table.Say(Piece("smith", "t1", 0, "of the turn that was cut short"));
            table.Pass();
            Assert.That(table.Wire.SentTypes, Is.EqualTo(new[] { "hello", "open", "close" }));
            table.Say(new WireMap { { "type", "closed" }, { "npc", "smith" } });
            table.Say(Opened("smith"));
            table.Pass();
            Assert.That(table.Wire.SentTypes, Is.EqualTo(new[] { "hello", "open", "close", "open", "say:Hello again!" }));
            Assert.That(heard, Is.EqualTo(new[] { "opened" }));
        }

        [Test]
        public void AnNpcThatWasNeverOpenIsOpenedAgainAtOnce()
        {
            var table = new Table();
            table.Session.Open("smith", Open("smith"), _ => { });
            table.Session.Start();
            table.Welcome();
            table.Session.Leave("smith");
            table.Session.Open("smith", Open("smith"), _ => { });
            table.Say(Error("unknown_npc", "close"));
            table.Pass();
            Assert.That((table.Wire.SentTypes, table.Log.Count), Is.EqualTo((new[] { "hello", "open", "close", "open" }, 2)));
        }

        [Test]
        public void StoppingSaysGoodbyeAndStaysOffline()
        {
            var table = new Table();
            table.Session.Start();
            table.Welcome();
            table.Session.Stop();
            table.Pass(60);
            Assert.That((table.Wire.Goodbye, table.Session.State, table.Wires.Count), Is.EqualTo(("1000 the game ends", SessionState.Offline, 1)));
        }

        [Test]
        public void StoppingInTheMiddleOfAFrameIsSafe()
        {
            var table = new Table();
            table.Session.Open("smith", Open("smith"), _ => table.Session.Stop());
            table.Session.Start();
            table.Welcome();
            table.Say(Piece("smith", "t1", 0, "a"));
            table.Say(Piece("smith", "t1", 1, "b"));
            table.Pass();
            Assert.That(table.Session.State, Is.EqualTo(SessionState.Offline));
        }

        [Test]
        public void DroppedMessagesAreCountedOverAllConnections()
        {
            var table = new Table();
            table.Session.Start();
            table.Welcome();
            table.Wire.Dropped = 3;
            Reconnect(table);
            table.Wire.Dropped = 2;
            Assert.That(table.Session.Dropped, Is.EqualTo(5));
        }

        [Test]
        public void ACommandThatIsNotThereIsToldInWords()
        {
            var table = new Table(settings =>
            {
                settings.Autostart = true;
                settings.Command = "/nowhere/npc-bridge";
            });
            table.Session.Start();
            table.Pass();
            Assert.That(table.Session.State, Is.EqualTo(SessionState.Refused));
            Assert.That(table.Session.Reason, Does.StartWith("the command '/nowhere/npc-bridge' could not be started"));
        }

        [Test]
        public void AReadyLineIsToldFromOtherOutput()
        {
            Assert.That(ReadyLine.Of("loading a model..."), Is.Null);
            Assert.That(ReadyLine.Of("{\"type\":\"other\",\"url\":\"ws://127.0.0.1:1\"}"), Is.Null);
            ReadyLine ready = ReadyLine.Of("{\"type\": \"ready\", \"url\": \"ws://127.0.0.1:81\", \"port\": 81, \"token\": \"t\", \"version\": \"1\"}");
            Assert.That((ready.Url, ready.Token, ready.Version), Is.EqualTo(("ws://127.0.0.1:81", "t", "1")));
        }

        internal static WireMap Open(string npc)
        {
            return GameMessages.Open(npc, "brom", new Player("Ada"), null, "", "");
        }

        internal static WireMap Piece(string npc, string turn, long at, string text)
        {
            return new WireMap { { "type", "text" }, { "npc", npc }, { "turn", turn }, { "at", at }, { "text", text } };
        }

        internal static WireMap Started(string npc, string turn)
        {
            return new WireMap { { "type", "turn_started" }, { "npc", npc }, { "turn", turn }, { "cause", "say" } };
        }

        private static WireMap Opened(string npc)
        {
            return new WireMap
            {
                { "type", "opened" }, { "npc", npc }, { "character", "brom" }, { "name", "Brom" }, { "language", "en" }, { "opening", false },
            };
        }

        private static WireMap Error(string code, string re)
        {
            return new WireMap { { "type", "error" }, { "code", code }, { "message", "why" }, { "re", re } };
        }

        private static WireMap WelcomeBack(long seq)
        {
            return new WireMap
            {
                { "type", "welcome" }, { "protocol", 1L }, { "session", "s1" }, { "resumed", true }, { "server", "fake" }, { "backend", "none" },
                { "model", "none" }, { "max_message_bytes", 1000L }, { "seq", seq },
            };
        }

        private static void Reconnect(Table table)
        {
            table.Wire.Break();
            table.Pass();
            table.Pass(1.5);
        }
    }
}
