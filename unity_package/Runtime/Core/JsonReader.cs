using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace NpcBridge.Core
{
    /// <summary>Reads one JSON value as the standard says, with limits on depth and on the number of maps and lists.</summary>
    internal sealed class JsonReader
    {
        private readonly string _text;
        private int _place;
        private int _containers;

        public JsonReader(string text)
        {
            _text = text;
        }

        /// <summary>The value that the text is.</summary>
        public object ReadAll()
        {
            Skip();
            object value = Read(1);
            Skip();
            return _place == _text.Length ? value : throw Invalid();
        }

        private object Read(int depth)
        {
            switch (Peek())
            {
                case '{': return Map(depth);
                case '[': return List(depth);
                case '"': return Text();
                case 't': return Word("true", true);
                case 'f': return Word("false", false);
                case 'n': return Word("null", null);
                default: return Number();
            }
        }

        private WireMap Map(int depth)
        {
            Enter(depth);
            var map = new WireMap();
            Skip();
            if (TryTake('}'))
            {
                return map;
            }

            do
            {
                Skip();
                string key = Peek() == '"' ? Text() : throw Invalid();
                Skip();
                Take(':');
                Skip();
                map.Add(key, Read(depth + 1));
                Skip();
            }
            while (TryTake(','));
            Take('}');
            return map;
        }

        private List<object> List(int depth)
        {
            Enter(depth);
            var list = new List<object>();
            Skip();
            if (TryTake(']'))
            {
                return list;
            }

            do
            {
                Skip();
                list.Add(Read(depth + 1));
                Skip();
            }
            while (TryTake(','));
            Take(']');
            return list;
        }

        private void Enter(int depth)
        {
            _place++;
            if (depth > WireLimits.MaxDepth)
            {
                throw new WireException("the message is nested deeper than " + WireLimits.MaxDepth + " levels");
            }

            if (++_containers > WireLimits.MaxContainers)
            {
                throw new WireException("the message holds more than " + WireLimits.MaxContainers + " maps and lists");
            }
        }

        private string Text()
        {
            int start = ++_place;
            while (_place < _text.Length && _text[_place] != '"' && _text[_place] != '\\' && _text[_place] >= ' ')
            {
                _place++;
            }

            if (Peek() == '"')
            {
                return _text.Substring(start, _place++ - start);
            }

            var text = new StringBuilder(_text, start, _place - start, Math.Max(16, (_place - start) * 2));
            while (!TryTake('"'))
            {
                char letter = Peek();
                _place++;
                if (letter < ' ')
                {
                    throw Invalid();
                }

                text.Append(letter == '\\' ? Escaped() : letter);
            }

            return Mended(text.ToString());
        }

        private char Escaped()
        {
            char letter = Peek();
            _place++;
            switch (letter)
            {
                case '"':
                case '\\':
                case '/': return letter;
                case 'b': return '\b';
                case 'f': return '\f';
                case 'n': return '\n';
                case 'r': return '\r';
                case 't': return '\t';
                case 'u': return Unit();
                default: throw Invalid();
            }
        }

        private char Unit()
        {
            int unit = 0;
            for (int i = 0; i < 4; i++)
            {
                char digit = Peek();
                _place++;
                int value = digit >= '0' && digit <= '9' ? digit - '0'
                    : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                    : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                    : throw Invalid();
                unit = (unit << 4) | value;
            }

            return (char)unit;
        }

        /// <summary>Only an escape can bring in half a surrogate pair; it becomes U+FFFD.</summary>
        private static string Mended(string text)
        {
            if (!WireLimits.HasLoneSurrogate(text))
            {
                return text;
            }

            var mended = new StringBuilder(text.Length);
            for (int i = 0; i < text.Length; i++)
            {
                if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
                {
                    mended.Append(text[i]).Append(text[++i]);
                }
                else
                {
                    mended.Append(char.IsSurrogate(text[i]) ? '\ufffd' : text[i]);
                }
            }

            return mended.ToString();
        }

        private object Number()
        {
            int start = _place;
            TryTake('-');
            if (!TryTake('0'))
            {
                Digits();
            }

            bool isWhole = true;
            if (TryTake('.'))
            {
                isWhole = false;
                Digits();
            }

            if (TryTake('e') || TryTake('E'))
            {
                isWhole = false;
                if (!TryTake('+'))
                {
                    TryTake('-');
                }

                Digits();
            }

            string digits = _text.Substring(start, _place - start);
            return isWhole ? Whole(digits) : Finite(digits);
        }

        private static object Whole(string digits)
        {
            if (long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
            {
                return whole;
            }

            return ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out ulong large)
                ? large
                : throw new WireException("the message holds a number of more than 64 bits");
        }

        private static object Finite(string digits)
        {
            // Mono throws where .NET gives infinity.
            bool isNumber = double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out double number);
            return isNumber && !double.IsInfinity(number) ? number : throw new WireException("the message holds a number that is not finite");
        }

        private void Digits()
        {
            int start = _place;
            while (_place < _text.Length && _text[_place] >= '0' && _text[_place] <= '9')
            {
                _place++;
            }

            if (_place == start)
            {
                throw Invalid();
            }
        }

        private object Word(string word, object value)
        {
            if (string.CompareOrdinal(_text, _place, word, 0, word.Length) != 0)
            {
                throw Invalid();
            }

            _place += word.Length;
            return value;
        }

        private void Skip()
        {
            while (_place < _text.Length && (_text[_place] == ' ' || _text[_place] == '\t' || _text[_place] == '\n' || _text[_place] == '\r'))
            {
                _place++;
            }
        }

        private char Peek()
        {
            return _place < _text.Length ? _text[_place] : throw Invalid();
        }

        private bool TryTake(char wanted)
        {
            if (_place >= _text.Length || _text[_place] != wanted)
            {
                return false;
            }

            _place++;
            return true;
        }

        private void Take(char wanted)
        {
            if (!TryTake(wanted))
            {
                throw Invalid();
            }
        }

        private WireException Invalid()
        {
            return new WireException("the message is not valid JSON at character " + Math.Min(_place, _text.Length));
        }
    }
}
