using System.Linq;
using NUnit.Framework;

namespace NpcBridge.Core.Tests
{
    public sealed class TurnTextTests
    {
        private const string Waving = "a👋🏽b𝄞";

        [Test]
        public void PlacesAfterAnEmojiAreMovedByOneForEach()
        {
            TurnText text = Of(Waving);
            Assert.That((text.Length, text.CodePoints), Is.EqualTo((8, 5)));
            Assert.That(Enumerable.Range(0, 7).Select(text.IndexOf), Is.EqualTo(new[] { 0, 1, 3, 5, 6, 8, 8 }));
            Assert.That(Enumerable.Range(0, 9).Select(text.CodePointOf), Is.EqualTo(new[] { 0, 1, 1, 2, 2, 3, 4, 4, 5 }));
        }

        [Test]
        public void EveryPlaceOfATextComesBackTheSame()
        {
            TurnText text = Of(string.Concat(Enumerable.Repeat(Waving + "好", 50)));
            var places = Enumerable.Range(0, text.CodePoints + 1).ToArray();
            Assert.That(places.Select(place => text.CodePointOf(text.IndexOf(place))), Is.EqualTo(places));
        }

        [Test]
        public void PiecesAddUp()
        {
            var text = new TurnText();
            foreach (string piece in new[] { "a", "👋", "🏽", "b𝄞" })
            {
                text.Add(piece);
            }

            Assert.That((text.ToString(), text.IndexOf(3), text.CodePoints), Is.EqualTo((Waving, 5, 5)));
        }

        [Test]
        public void PlacesOutsideOfTheTextAreItsEnds()
        {
            TurnText text = Of("👋");
            Assert.That(new[] { text.IndexOf(-3), text.IndexOf(9), text.CodePointOf(-3), text.CodePointOf(9) }, Is.EqualTo(new[] { 0, 2, 0, 1 }));
        }

        [Test]
        public void TheExampleOfTheWireFits()
        {
            // text_emoji of the golden files: the cue after it stands at 19.
            TurnText text = Of("Let me see. 好剑！👋🏽 𝄞");
            Assert.That((text.CodePoints, text.IndexOf(19), text.Length), Is.EqualTo((19, 22, 22)));
        }

        private static TurnText Of(string words)
        {
            var text = new TurnText();
            text.Add(words);
            return text;
        }
    }
}
