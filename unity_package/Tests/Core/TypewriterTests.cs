using System.Collections.Generic;
using System.Linq;
using NUnit.Framework;

namespace NpcBridge.Core.Tests
{
    public sealed class TypewriterTests
    {
        [Test]
        public void LettersAppearAtTheirSpeed()
        {
            Typewriter writer = Plainly("abcdefghij", 10);
            var shown = Enumerable.Range(0, 5).Select(_ => Advance(writer, 0.1001)).ToArray();
            Assert.That(shown, Is.EqualTo(new[] { "ab", "abc", "abcd", "abcde", "abcdef" }).Or.EqualTo(new[] { "ab", "abc", "abcd", "abcde", "abcde" }));
        }

        [Test]
        public void ASentenceEndsWithAPause()
        {
            Typewriter writer = Plainly("Hi. Yo", 10);
            writer.SentencePauseSeconds = 1;
            Assert.That(Advance(writer, 0.25), Is.EqualTo("Hi."));
            Assert.That(Advance(writer, 1), Is.EqualTo("Hi."));
            Assert.That(Advance(writer, 0.1), Is.EqualTo("Hi. "));
        }

        [TestCase("3.5", 0)]
        [TestCase("12:30", 0)]
        [TestCase("Oh?! No", 1)]
        [TestCase("Well... no", 1)]
        [TestCase("\"Go.\" He", 1)]
        [TestCase("好。走", 1)]
        [TestCase("a, b", 0.5)]
        public void PausesAreWhereSpeakersMakeThem(string text, double pauses)
        {
            Typewriter writer = Plainly(text, 1e6);
            writer.SentencePauseSeconds = 1;
            writer.ClausePauseSeconds = 0.5;
            double seconds = 0;
            while (writer.Shown < text.Length && seconds < 10)
            {
                Advance(writer, 0.01);
                seconds += 0.01;
            }

            Assert.That(seconds, Is.EqualTo(pauses).Within(0.05));
        }

        [Test]
        public void ACueIsReachedWhenItsTextIsShownAndNotBefore()
        {
            Typewriter writer = Plainly("👋🏽 Hello there", 10);
            writer.AddCue(CueAt(0, "first"));
            writer.AddCue(CueAt(2, "after the hand"));
            writer.AddCue(CueAt(8, "after hello"));
            var reached = new List<string>();
            writer.Advance(0, cue => reached.Add(((Cue)cue).Action + " " + writer.Shown));
            writer.Advance(0.01, cue => reached.Add(((Cue)cue).Action + " " + writer.Shown));
            writer.Advance(5, cue => reached.Add(((Cue)cue).Action + " " + writer.Shown));
            // The hand and its colour are two code points, four units, and one character to see.
            Assert.That(reached, Is.EqualTo(new[] { "first 0", "after the hand 4", "after hello 10" }));
        }

        [Test]
        public void ACueAheadOfTheTextWaitsForIt()
        {
            Typewriter writer = Plainly("ab", 1000);
            writer.AddCue(CueAt(4, "late"));
            var reached = new List<int>();
            writer.Advance(1, cue => reached.Add(writer.Shown));
            Assert.That(reached, Is.Empty);
            writer.AddText("cdef");
            writer.Advance(1, cue => reached.Add(writer.Shown));
            Assert.That(reached, Is.EqualTo(new[] { 4 }));
        }

        [Test]
        public void ACueBehindTheEndIsReachedAtTheEnd()
        {
            Typewriter writer = Plainly("ab", 1000);
            writer.AddCue(CueAt(9, "beyond"));
            writer.Complete();
            var reached = new List<int>();
            writer.Advance(1, cue => reached.Add(writer.Shown));
            Assert.That((reached.Single(), writer.IsFinished), Is.EqualTo((2, true)));
        }

        [Test]
        public void SkippingShowsAllAndReachesEveryCueInOrder()
        {
            Typewriter writer = Plainly("One. Two. Three.", 1);
            writer.AddCue(CueAt(5, "a"));
            writer.AddCue(CueAt(10, "b"));
            writer.Skip();
            var reached = new List<string>();
            writer.Advance(0, cue => reached.Add(((Cue)cue).Action + writer.Shown));
            writer.AddText(" Four.");
            writer.Advance(0, cue => reached.Add(((Cue)cue).Action + writer.Shown));
            Assert.That((string.Join(" ", reached), writer.Shown), Is.EqualTo(("a5 b10", 22)));
        }

        [Test]
        public void CuttingDropsWhatWasNotShown()
        {
            Typewriter writer = Plainly("Hello there", 10);
            writer.AddCue(CueAt(8, "never"));
            Advance(writer, 0.35);
            writer.Cut();
            var reached = new List<PlacedMessage>();
            writer.Advance(5, reached.Add);
            Assert.That((writer.Text, reached.Count, writer.IsFinished), Is.EqualTo(("Hell", 0, true)));
        }

        [Test]
        public void WaitingForTextEarnsNoCredit()
        {
            Typewriter writer = Plainly("", 10);
            Advance(writer, 100);
            writer.AddText("abcdefgh");
            Assert.That(Advance(writer, 0.1), Has.Length.LessThanOrEqualTo(2));
        }

        [Test]
        public void FarBehindItTypesFaster()
        {
            Typewriter slow = Plainly(new string('x', 1000), 10);
            Typewriter quick = Plainly(new string('x', 1000), 10);
            quick.CatchUpSeconds = 5;
            Assert.That(Advance(quick, 1).Length, Is.GreaterThan(10 * Advance(slow, 1).Length));
        }

        [Test]
        public void ALongTextInSmallPiecesIsCheap()
        {
            Typewriter writer = Plainly("", 1e9);
            for (int i = 0; i < 5000; i++)
            {
                writer.AddText("word ");
                Advance(writer, 0.001);
            }

            Assert.That(writer.Shown, Is.EqualTo(25_000));
        }

        private static Typewriter Plainly(string text, double speed)
        {
            var writer = new Typewriter { Speed = speed, SentencePauseSeconds = 0, ClausePauseSeconds = 0 };
            writer.AddText(text);
            return writer;
        }

        private static string Advance(Typewriter writer, double seconds)
        {
            writer.Advance(seconds, _ => { });
            return writer.Text.Substring(0, writer.Shown);
        }

        private static Cue CueAt(int at, string action)
        {
            return (Cue)BridgeMessage.Read(new WireMap
            {
                { "type", "cue" }, { "npc", "a" }, { "turn", "t1" }, { "at", (long)at }, { "clip", "" }, { "action", action },
            });
        }
    }
}
