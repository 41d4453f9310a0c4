using System.Globalization;

namespace NpcBridge.Core
{
    /// <summary>Where a text may be cut so that no character that the player sees as one is torn apart.</summary>
    /// <remarks>
    /// .NET, Mono and IL2CPP disagree about text elements: Mono knows neither skin tones nor joined emoji nor flags. These are the rules
    /// that matter to dialogue, the same everywhere.
    /// </remarks>
    public static class TextBreaks
    {
        private const int ZeroWidthJoiner = 0x200d;

        /// <summary>The end of the visible character that begins at <paramref name="index"/>.</summary>
        public static int Next(string text, int index)
        {
            if (index >= text.Length)
            {
                return text.Length;
            }

            int first = CodePoint(text, index);
            int place = index + Width(first);
            if (first == '\r' && place < text.Length && text[place] == '\n')
            {
                return place + 1;
            }

            if (IsFlagLetter(first) && place < text.Length && IsFlagLetter(CodePoint(text, place)))
            {
                place += 2;
            }

            while (place < text.Length)
            {
                int next = CodePoint(text, place);
                if (!Extends(text, place, next))
                {
                    return place;
                }

                place += Width(next);
                if (next == ZeroWidthJoiner && place < text.Length)
                {
                    place += Width(CodePoint(text, place));
                }
            }

            return place;
        }

        private static int CodePoint(string text, int index)
        {
            bool isPair = index + 1 < text.Length && char.IsSurrogatePair(text[index], text[index + 1]);
            return isPair ? char.ConvertToUtf32(text[index], text[index + 1]) : text[index];
        }

        private static int Width(int codePoint)
        {
            return codePoint > 0xffff ? 2 : 1;
        }

        private static bool IsFlagLetter(int codePoint)
        {
            return codePoint >= 0x1f1e6 && codePoint <= 0x1f1ff;
        }

        private static bool Extends(string text, int index, int codePoint)
        {
            if (codePoint == ZeroWidthJoiner || (codePoint >= 0xfe00 && codePoint <= 0xfe0f))
            {
                return true;
            }

            // Skin tones, and the letters inside of some flags.
            if ((codePoint >= 0x1f3fb && codePoint <= 0x1f3ff) || (codePoint >= 0xe0020 && codePoint <= 0xe007f))
            {
                return true;
            }

            UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(text, index);
            return category == UnicodeCategory.NonSpacingMark || category == UnicodeCategory.EnclosingMark
                || category == UnicodeCategory.SpacingCombiningMark;
        }
    }
}
