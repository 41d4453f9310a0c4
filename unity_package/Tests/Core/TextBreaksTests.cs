using System.Collections.Generic;
using NUnit.Framework;

namespace NpcBridge.Core.Tests
{
    public sealed class TextBreaksTests
    {
        [TestCase("abc", "a|b|c")]
        [TestCase("e\u0301a", "e\u0301|a")]
        [TestCase("👋🏽!", "👋🏽|!")]
        [TestCase("👩\u200d👩\u200d👧\u200d👦x", "👩\u200d👩\u200d👧\u200d👦|x")]
        [TestCase("🇩🇪🇫🇷", "🇩🇪|🇫🇷")]
        [TestCase("1\ufe0f\u20e32", "1\ufe0f\u20e3|2")]
        [TestCase("好𝄞", "好|𝄞")]
        [TestCase("a\r\nb", "a|\r\n|b")]
        [TestCase("", "")]
        [TestCase("👩\u200d", "👩\u200d")]
        public void WhatThePlayerSeesAsOneStaysWhole(string text, string parted)
        {
            var parts = new List<string>();
            for (int place = 0; place < text.Length;)
            {
                int next = TextBreaks.Next(text, place);
                parts.Add(text.Substring(place, next - place));
                place = next;
            }

            Assert.That(string.Join("|", parts), Is.EqualTo(parted));
        }

        [Test]
        public void HalfAPairIsACharacterOfItsOwn()
        {
            Assert.That((TextBreaks.Next("\ud83d", 0), TextBreaks.Next("\ude00a", 0), TextBreaks.Next("a", 1)), Is.EqualTo((1, 1, 1)));
        }
    }
}
