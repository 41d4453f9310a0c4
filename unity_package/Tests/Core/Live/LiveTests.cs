using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Linq;
using NUnit.Framework;

namespace NpcBridge.Core.Tests
{
    /// <summary>The core against a real bridge in a process of its own, on a real socket.</summary>
    public sealed class LiveTests
    {
        private const string Script = @"
lines = [""(nods) I see.""]
chunk_chars = 3
delay_s = 0.002
[[rules]]
when = ""emoji""
lines = [""👋🏽 好剑！(waves at you) 𝄞 Yes. (nod) Done.""]
[[rules]]
when = ""where""
lines = [""There. (points slowly at the door) Go.""]
[[rules]]
when = ""at length""
lines = [""" + Lengthy + @"""]
[[rules]]
when = ""slow""
lines = [""" + Slow + @"""]
";

        private const string Slow = "One word after the other, and another, and another, and another, and another, and another, and another, "
            + "and another, and another, and another, and another, and another, and another, and another, and another, and another, and the end.";

        private const string Lengthy = Slow + Slow + Slow + Slow + Slow + Slow;

        private LiveBridge _shared;

        [OneTimeTearDown]
        public void EndTheSharedBridge()
        {
            _shared?.Dispose();
        }

        [Test]
        public void BothSubprotocolsTalk([Values] bool json)
        {
            using (var live = Guest(settings => settings.Json = json).WithSmith())
            {
                TurnEnded ended = live.Answer("Can you mend this sword?");
                Assert.That((live.TextOf(ended.Turn), ended.Reason, ended.Chars), Is.EqualTo((" I see.", "stop", 7)).Or.EqualTo(("I see.", "stop", 6)));
                Cue cue = live.All<Cue>().Last();
                Assert.That((cue.At, cue.Clip, cue.Action), Is.EqualTo((0, "nod", "nods")).Or.EqualTo((0, "", "nods")));
                Assert.That(live.All<TurnStarted>().Last().Answers, Has.Count.EqualTo(1));
                Assert.That((live.Session.WaitingCount, live.Session.Dropped), Is.EqualTo((0, 0L)));
            }
        }

        [Test]
        public void AClientThatOffersNoSubprotocolGetsJson()
        {
            using (var live = Guest(settings =>
            {
                settings.Json = true;
                settings.Transport = (address, codec) => new WebSocketTransport(address, "", false);
            }).WithSmith())
            {
                Assert.That(live.Answer("Hello!").Reason, Is.EqualTo("stop"));
            }
        }

        [Test]
        public void ASubprotocolThatNobodySpeaksIsToldInWords()
        {
            using (var live = Guest(settings =>
                settings.Transport = (address, codec) => new WebSocketTransport(address, "npc-bridge.v9.msgpack", true)))
            {
                live.Session.Start();
                live.Until(() => live.Session.State == SessionState.Waiting, "the refusal");
                Assert.That(live.Session.Reason, Is.EqualTo("what listens there does not speak npc-bridge.v9.msgpack"));
            }
        }

        [Test]
        public void PlacesAfterAnEmojiAreRight([Values] bool json)
        {
            using (var live = Guest(settings => settings.Json = json).WithSmith())
            {
                TurnEnded ended = live.Answer("an emoji please");
                var text = new TurnText();
                foreach (TextPiece piece in live.All<TextPiece>().Where(each => each.Turn == ended.Turn))
                {
                    Assert.That(piece.At, Is.EqualTo(text.CodePoints));
                    text.Add(piece.Text);
                }

                var parts = live.All<Cue>().Where(each => each.Turn == ended.Turn && !each.IsThinking && each.State != "withdrawn" && each.State != "confirmed").Select(cue => text.ToString().Substring(0, text.IndexOf(cue.At)).Trim());
                Assert.That(parts, Is.EqualTo(new[] { "👋🏽 好剑！", text.ToString().Substring(0, text.ToString().IndexOf("Yes.", StringComparison.Ordinal) + 4) }));
                Assert.That(ended.Chars, Is.EqualTo(text.CodePoints));
                Assert.That(text.Length - text.CodePoints, Is.EqualTo(3));
            }
        }

        [Test]
        public void AMessageOf200KilobytesGoesBothWays()
        {
            string script = "chunk_chars = 300000\nlines = [\"" + new string('x', 200_000) + "\"]\n";
            using (var live = new LiveBridge(script).WithSmith())
            {
                string id = live.Session.Tell("letter", new WireMap { { "text", new string('y', 200_000) } }, new EventOptions { Npc = "smith" });
                live.Until(() => live.All<Accepted>().Any(each => each.Ids.Contains(id)), "the letter is accepted");
                Assert.That(live.TextOf(live.Answer("Read it to me.").Turn), Is.EqualTo(new string('x', 200_000)));
                Assert.That(live.All<TextPiece>().Max(each => each.Text.Length), Is.GreaterThan(100_000));
            }
        }

        [Test]
        public void ABurstOf2000MessagesLosesNothing()
        {
            string script = "chunk_chars = 1\nlines = [\"" + string.Concat(Enumerable.Repeat("word ", 400)).Trim() + "\"]\n";
            using (var live = new LiveBridge(script).WithSmith())
            {
                var ids = new List<string>();
                for (int i = 0; i < 2000; i++)
                {
                    ids.Add(live.Session.Tell("a_thing", new WireMap { { "number", (long)i } }, new EventOptions { Npc = "smith" }));
                }

                live.Until(() => live.Session.WaitingCount == 0, "all events are accepted");
                Assert.That(live.All<Accepted>().SelectMany(each => each.Ids), Is.EqualTo(ids));
                Assert.That(live.TextOf(live.Answer("Say a lot.").Turn), Has.Length.EqualTo(1999));
                Assert.That((live.Session.Dropped, live.Log.Count(each => each.StartsWith("!", StringComparison.Ordinal))), Is.EqualTo((0L, 0)));
                Assert.That(live.Received.Select(each => each.Seq), Is.EqualTo(Enumerable.Range(1, live.Received.Count).Select(each => (long)each)));
            }
        }

        [Test]
        public void AWrongTokenIsRefusedForGood()
        {
            using (LiveBridge stranger = Guest(settings => settings.Token = "wrong"))
            {
                stranger.Session.Start();
                stranger.Until(() => stranger.Session.State == SessionState.Refused, "the refusal");
                Assert.That(stranger.Log, Is.EqualTo(new[] { "Connecting 0", "Refused 4001", "! refused" }));
                Assert.That(stranger.Session.Reason, Is.EqualTo("the token is missing or wrong"));
            }
        }

        [Test]
        public void ATurnGoesOnWhileTheConnectionIsAwayAndNothingIsLostOrRepeated([Values] bool json)
        {
            WebSocketTransport wire = null;
            using (var live = Guest(settings =>
            {
                settings.Json = json;
                settings.FirstRetrySeconds = 0.01;
                settings.Transport = (address, codec) => wire = new WebSocketTransport(address, codec.Subprotocol, codec.IsBinary);
            }).WithSmith())
            {
                live.Session.Say("smith", "at length please");
                live.Until(() => live.All<TurnStarted>().Last().Cause == "say", "the turn");
                string turn = live.All<TurnStarted>().Last().Turn;
                for (int breaks = 1; breaks <= 3; breaks++)
                {
                    int before = live.TextOf(turn).Length;
                    live.Until(() => live.TextOf(turn).Length > before + 5 || before == Lengthy.Length, "more of the turn");
                    live.Log.Clear();
                    wire.Abort();
                    live.Until(() => live.All<Welcome>().Count() == 1 + breaks, "the next welcome");
                    Assert.That(live.Log, Is.EqualTo(new[] { "Waiting -1", "! connection_lost", "Connecting 0", "Ready 0" }));
                }

                live.Until(() => live.All<TurnEnded>().Any(each => each.Turn == turn), "the end of the turn");
                Assert.That((live.TextOf(turn), live.All<TurnEnded>().Last().Chars), Is.EqualTo((Lengthy, Lengthy.Length)));
                Assert.That(live.All<Welcome>().Skip(1).Select(each => (each.Resumed, each.Session)), Is.All.EqualTo((true, live.Session.Welcome.Session)));
                Assert.That(live.Log, Has.No.Member("turns lost"));
                long[] numbers = live.Received.Where(each => !(each is Welcome)).Select(each => each.Seq).ToArray();
                Assert.That(numbers, Is.EqualTo(Enumerable.Range(2, numbers.Length).Select(each => (long)each)), "once and in order");
                Assert.That((live.All<Opened>().Count(), live.Answer("Are you there?").Reason), Is.EqualTo((1, "stop")));
            }
        }

        [Test]
        public void WhatTheGameSaysWhileTheConnectionIsAwayIsSaidOnce()
        {
            WebSocketTransport wire = null;
            using (var live = Guest(settings =>
                settings.Transport = (address, codec) => wire = new WebSocketTransport(address, codec.Subprotocol, codec.IsBinary)).WithSmith())
            {
                string sent = live.Session.Say("smith", "sent just before");
                wire.Abort();
                live.Until(() => !live.Session.IsReady, "the loss");
                string waiting = live.Session.Say("smith", "said while it was away");
                live.Until(() => live.Session.WaitingCount == 0 && live.Answered(sent) && live.Answered(waiting), "both lines are answered");
                Assert.That(live.All<TurnStarted>().SelectMany(each => each.Answers).OrderBy(each => each), Is.EqualTo(new[] { sent, waiting }.OrderBy(each => each)));
            }
        }

        [Test]
        public void ASessionThatIsTakenElsewhereIsNotTakenBack()
        {
            using (LiveBridge first = Guest().WithSmith())
            {
                WireMap hello = GameMessages.Hello("thief", "", first.Settings.Token, first.Session.Welcome.Session, 0);
                using (var thief = new WebSocketTransport(new Uri(first.Settings.Url), "npc-bridge.v1.msgpack", true))
                {
                    first.Until(() => thief.State == TransportState.Open, "the other connection");
                    thief.Send(new MsgpackCodec().Encode(hello));
                    first.Until(() => first.Session.State == SessionState.Refused, "the end of the first");
                    Assert.That(first.Session.Reason, Does.Contain("another connection"));
                }
            }
        }

        [Test]
        public void ABridgeThatIsKilledInMidTurnIsStartedAgain()
        {
            using (var live = new LiveBridge(Script).WithSmith())
            {
                int killed = live.KillInMidTurn();
                string line = live.Session.Say("smith", "Are you there?");
                live.Until(() => live.Answered(line), "the line is answered");
                Assert.That(live.Session.BridgeProcessId, Is.Not.EqualTo(killed).And.Not.Zero);
                Assert.That(live.Log.Count(each => each == "turns lost"), Is.EqualTo(1));
                Assert.That(live.All<Welcome>().Select(each => each.Resumed), Is.EqualTo(new[] { false, false }));
            }
        }

        [Test]
        public void ABridgeWithAMemoryGoesOnWithTheSameSessionAfterItWasKilled()
        {
            using (var live = new LiveBridge(Script, remembers: true).WithSmith())
            {
                live.Answer("My name is Ada.");
                long remembered = live.All<Opened>().Last().Remembered;
                string told = live.Session.Tell("rain_started", null, new EventOptions { Npc = "smith" });
                live.Until(() => live.Session.WaitingCount == 0, "the event is safe");
                live.KillInMidTurn();
                string line = live.Session.Say("smith", "Are you there?");
                live.Until(() => live.Answered(line), "the line is answered");
                Welcome[] welcomes = live.All<Welcome>().ToArray();
                Assert.That((welcomes[1].Session, welcomes[1].Resumed, string.Join(",", welcomes[1].Npcs)), Is.EqualTo((welcomes[0].Session, false, "smith")));
                Opened opened = live.All<Opened>().Last();
                Assert.That((opened.Opening, opened.Remembered), Is.EqualTo((false, opened.Remembered)), "they have met");
                Assert.That(opened.Remembered, Is.GreaterThan(remembered));
                TurnStarted[] after = live.Received.SkipWhile(each => each != welcomes[1]).OfType<TurnStarted>().ToArray();
                Assert.That(after.SelectMany(each => each.Answers), Is.Unique.And.Contains(line), "each line is answered once");
                Assert.That(after.Count(each => each.Note.Length > 0), Is.EqualTo(1), "the event outlived the crash and is told once");
                Assert.That(told, Is.Not.Empty);
            }
        }

        [Test]
        public void ASavedStateIsLoadedFromTheBlobAndFromTheSlot([Values] bool json)
        {
            using (var live = Guest(settings => settings.Json = json).WithSmith(json ? "Grace" : "Edsger"))
            {
                live.Answer("Hello!");
                byte[] blob = null;
                live.Session.Save("", (saved, error) => blob = saved?.Blob);
                bool isKept = false;
                live.Session.Save("quick", (saved, error) => isKept = error == null && saved.Slot == "quick");
                live.Until(() => blob != null && isKept, "both answers");
                foreach (string slot in new[] { "", "quick" })
                {
                    live.Session.Say("smith", "slow please");
                    int before = live.All<TextPiece>().Count();
                    live.Until(() => live.All<TextPiece>().Count() > before + 5, "the turn has begun");
                    Loaded loaded = null;
                    live.Session.Load(slot.Length > 0 ? null : blob, slot, (answer, error) => loaded = answer);
                    live.Until(() => loaded != null, "the load");
                    int since = live.Received.Count;
                    Assert.That((loaded.Slot, string.Join(",", loaded.Npcs)), Is.EqualTo((slot, "smith")));
                    Assert.That(live.Answer("Hello!").Reason, Is.EqualTo("stop"));
                    string turn = live.All<TurnStarted>().Last().Turn;
                    Assert.That(live.Received.Skip(since).OfType<TurnMessage>().Select(each => each.Turn), Is.All.EqualTo(turn), "nothing of the other timeline");
                }

                string refused = "";
                live.Session.Load(null, "no such slot", (answer, error) => refused = error.Code);
                live.Until(() => refused.Length > 0, "the refusal");
                Forgotten forgotten = null;
                live.Session.Forget("", json ? "Grace" : "Edsger", (answer, error) => forgotten = answer);
                live.Until(() => forgotten != null, "it is forgotten");
                Assert.That((refused, forgotten.Conversations, forgotten.Slots), Is.EqualTo(("bad_save", 1L, 1L)));
            }
        }

        [Test]
        public void ACueComesWhileItsActionIsStillBeingWritten()
        {
            using (var live = Guest())
            {
                live.Ready();
                var clips = new[] { new Clip("wave"), new Clip("point") };
                live.Session.Open("smith", GameMessages.Open("smith", "brom", null, clips, "en", "", new[] { new Target("door_02", new[] { "door" }) }, false), _ => { });
                TurnEnded ended = live.Answer("Where is it?");
                Cue[] cues = live.All<Cue>().Where(each => each.Turn == ended.Turn && !each.IsThinking).ToArray();
                Assert.That(cues.Select(each => each.State + " " + each.Clip + " " + each.Target), Is.EqualTo(new[] { "provisional point ", "confirmed point door_02" }));
                Assert.That((cues[0].Id, cues[1].Action), Is.EqualTo((cues[1].Id, "points slowly at the door")));
            }
        }

        [Test]
        public void ATurnCanBeInterrupted()
        {
            using (var live = Guest().WithSmith())
            {
                int before = live.All<TurnEnded>().Count();
                live.Session.Say("smith", "slow please");
                live.Until(() => live.All<TextPiece>().Count(each => Slow.Contains(each.Text)) > 5, "the turn has begun");
                live.Session.SendNow(GameMessages.Interrupt("smith", live.All<TurnStarted>().Last().Turn, 4));
                live.Until(() => live.All<TurnEnded>().Count() > before, "the end of the turn");
                Assert.That(live.All<TurnEnded>().Last().Reason, Is.EqualTo("interrupted"));
            }
        }

        [Test]
        public void StoppingInMidTurnIsQuickAndEndsTheBridge()
        {
            using (var live = new LiveBridge(Script).WithSmith())
            {
                live.Session.Say("smith", "slow please");
                live.Until(() => live.All<TextPiece>().Any(each => Slow.Contains(each.Text)), "the turn has begun");
                using (Process bridge = Process.GetProcessById(live.Session.BridgeProcessId))
                {
                    var clock = Stopwatch.StartNew();
                    live.Session.Stop();
                    Assert.That(clock.ElapsedMilliseconds, Is.LessThan(BridgeSession.StopMilliseconds + 900));
                    Assert.That(bridge.WaitForExit(5000), Is.True);
                }
            }
        }

        [Test]
        public void ABridgeThatDoesNotUnderstandItsArgumentsIsToldInItsWords()
        {
            using (var live = new LiveBridge(Script, settings => settings.Arguments = new[] { "--no-such-flag" }))
            {
                live.Session.Start();
                live.Until(() => live.Session.State == SessionState.Refused, "the refusal");
                Assert.That(live.Session.Reason, Does.StartWith("the bridge ended with exit code 2: ").And.Contains("--no-such-flag"));
            }
        }

        [Test]
        public void NothingListensAndTheReasonSaysWhatToDo()
        {
            using (var live = new LiveBridge(Script, settings =>
            {
                settings.Autostart = false;
                settings.Url = "ws://127.0.0.1:9";
            }))
            {
                live.Session.Start();
                live.Until(() => live.Session.State == SessionState.Waiting, "the failure");
                Assert.That(live.Session.Reason, Is.EqualTo("no bridge answers at ws://127.0.0.1:9; is 'npc-bridge serve' running?"));
            }
        }

        /// <summary>A session with the bridge that these tests share.</summary>
        private LiveBridge Guest(Action<ConnectionSettings> change = null)
        {
            if (_shared == null)
            {
                _shared = new LiveBridge(Script, remembers: true).Ready();
            }

            return new LiveBridge(Script, settings =>
            {
                settings.Autostart = false;
                settings.Url = _shared.Session.Url;
                settings.Token = _shared.Session.Token;
                change?.Invoke(settings);
            });
        }
    }
}
