using System.Collections.Generic;
using System.Text;

namespace NpcBridge.Core
{
    /// <summary>
    /// The text of a turn as it comes in, and places in it. The wire counts Unicode code points, C# counts UTF-16 units: an emoji is
    /// one of the former and two of the latter.
    /// </summary>
    public sealed class TurnText
    {
        private readonly StringBuilder _text = new StringBuilder();

        // The code points that take two units, in order; few in most texts.
        private readonly List<int> _pairs = new List<int>();
        private string _whole = "";

        /// <summary>Length in UTF-16 units, as in <c>string.Length</c>.</summary>
        public int Length => _text.Length;

        /// <summary>Length in code points, as on the wire.</summary>
        public int CodePoints => _text.Length - _pairs.Count;

        /// <summary>Add the next piece, which must not begin or end within a surrogate pair.</summary>
        public void Add(string piece)
        {
            for (int i = 0; i < piece.Length; i++)
            {
                if (char.IsHighSurrogate(piece[i]) && i + 1 < piece.Length && char.IsLowSurrogate(piece[i + 1]))
                {
                    _pairs.Add(_text.Length + i - _pairs.Count);
                    i++;
                }
            }

            _text.Append(piece);
            _whole = null;
        }

        /// <summary>Where a place of the wire is in the <see cref="string"/>; a place beyond the end is the end.</summary>
        public int IndexOf(int codePoint)
        {
            if (codePoint <= 0)
            {
                return 0;
            }

            return codePoint >= CodePoints ? Length : codePoint + PairsBefore(codePoint);
        }

        /// <summary>Which place of the wire a place in the <see cref="string"/> is; one within a surrogate pair counts as the place before it.</summary>
        public int CodePointOf(int index)
        {
            if (index <= 0)
            {
                return 0;
            }

            if (index >= Length)
            {
                return CodePoints;
            }

            int low = 0;
            int high = _pairs.Count;
            while (low < high)
            {
                // The pair number i ends at the unit _pairs[i] + i + 2.
                int middle = (low + high) / 2;
                if (_pairs[middle] + middle + 2 <= index)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle;
                }
            }

            bool isWithin = low < _pairs.Count && _pairs[low] + low + 1 == index;
            return index - low - (isWithin ? 1 : 0);
        }

        /// <summary>The text so far.</summary>
        public override string ToString()
        {
            return _whole ?? (_whole = _text.ToString());
        }

        private int PairsBefore(int codePoint)
        {
            int place = _pairs.BinarySearch(codePoint);
            return place >= 0 ? place : ~place;
        }
    }
}
