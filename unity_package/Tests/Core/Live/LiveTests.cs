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
when = ""slow""
lines = [""" + Slow + @"""]
";

        private const string Slow = "One word after the other, and another, and another, and another, and another, and another, and another, "
            + "and another, and another, and another, and another, and another, and another, and another, and another, and another, and the end.";

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

                var parts = live.All<Cue>().Where(each => each.Turn == ended.Turn).Select(cue => text.ToString().Substring(0, text.IndexOf(cue.At)).Trim());
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
        public void AConnectionThatBreaksInMidTurnIsMadeAgain()
        {
            WebSocketTransport wire = null;
            using (var live = Guest(settings =>
                settings.Transport = (address, codec) => wire = new WebSocketTransport(address, codec.Subprotocol, codec.IsBinary)).WithSmith())
            {
                live.Session.Say("smith", "slow please");
                live.Until(() => live.All<TextPiece>().Count(each => each.Text.Length > 0 && Slow.Contains(each.Text)) > 5, "the turn has begun");
                live.Log.Clear();
                wire.Abort();
                live.Until(() => live.All<Welcome>().Count() == 2, "the second welcome");
                // A bridge that resumes sessions goes on with the turn; one that does not has lost it.
                if (live.All<Welcome>().Last().Resumed)
                {
                    live.Until(() => live.All<TurnEnded>().Any(each => each.Chars == Slow.Length), "the end of the turn");
                    string turn = live.All<TurnEnded>().First(each => each.Chars == Slow.Length).Turn;
                    Assert.That((live.TextOf(turn), live.Log.Contains("turns lost")), Is.EqualTo((Slow, false)));
                }
                else
                {
                    Assert.That(live.Log, Is.EqualTo(new[] { "Waiting -1", "! connection_lost", "Connecting 0", "turns lost", "Ready 0" }));
                    live.Until(() => live.All<Opened>().Count() == 2, "the smith is open again");
                }

                Assert.That(live.Answer("Are you there?").Reason, Is.EqualTo("stop"));
            }
        }

        [Test]
        public void ABridgeThatIsKilledInMidTurnIsStartedAgain()
        {
            using (var live = new LiveBridge(Script).WithSmith())
            {
                live.Session.Say("smith", "slow please");
                live.Until(() => live.All<TextPiece>().Count(each => each.Text.Length > 0 && Slow.Contains(each.Text)) > 5, "the turn has begun");
                int killed = live.Kill();
                live.Until(() => !live.Session.IsReady, "the loss is noticed");
                string line = live.Session.Say("smith", "Are you there?");
                live.Until(() => live.All<TurnStarted>().Any(each => each.Answers.Contains(line)), "the line is answered");
                Assert.That(live.Session.BridgeProcessId, Is.Not.EqualTo(killed).And.Not.Zero);
                Assert.That(live.Log.Count(each => each == "turns lost"), Is.EqualTo(1));
                Assert.That(live.All<Welcome>().Select(each => each.Resumed), Is.EqualTo(new[] { false, false }));
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
        public void SavingIsAnsweredOrRefusedAndTheSessionGoesOn()
        {
            using (var live = Guest().WithSmith())
            {
                bool isSaved = false;
                live.Session.Save("quick", (saved, error) => isSaved = saved != null && saved.Slot == "quick" && saved.Blob.Length > 0);
                live.Until(() => isSaved || live.Log.Contains("! not_supported"), "the answer");
                Assert.That(live.Answer("Hello!").Reason, Is.EqualTo("stop"));
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
                _shared = new LiveBridge(Script).Ready();
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
