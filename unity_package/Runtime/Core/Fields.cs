using System.Collections.Generic;

namespace NpcBridge.Core
{
    /// <summary>The fields of a decoded map with their kinds checked.</summary>
    internal readonly struct Fields
    {
        private const double ExactWholes = 9007199254740992.0;

        private readonly WireMap _map;

        public Fields(WireMap map)
        {
            _map = map;
        }

        public string Text(string name)
        {
            return _map[name] as string ?? throw Wrong(name, "text");
        }

        public string TextOr(string name, string otherwise)
        {
            return _map[name] == null ? otherwise : Text(name);
        }

        public bool Flag(string name)
        {
            return _map[name] is bool flag ? flag : throw Wrong(name, "true or false");
        }

        public bool FlagOr(string name, bool otherwise)
        {
            return _map[name] == null ? otherwise : Flag(name);
        }

        /// <summary>A whole number of 0 or more, which may have come as <c>3.0</c>.</summary>
        public long Whole(string name)
        {
            switch (_map[name])
            {
                case long whole when whole >= 0:
                    return whole;
                case double number when number >= 0 && number <= ExactWholes && number == System.Math.Floor(number):
                    return (long)number;
                default:
                    throw Wrong(name, "a whole number of 0 or more");
            }
        }

        public long WholeOr(string name, long otherwise)
        {
            return _map[name] == null ? otherwise : Whole(name);
        }

        /// <summary>A place in a text.</summary>
        public int Position(string name)
        {
            long place = Whole(name);
            return place <= int.MaxValue ? (int)place : throw Wrong(name, "a place in a text");
        }

        public int PositionOr(string name, int otherwise)
        {
            return _map[name] == null ? otherwise : Position(name);
        }

        public double NumberOr(string name, double otherwise)
        {
            switch (_map[name])
            {
                case null: return otherwise;
                case double number: return number;
                case long whole: return whole;
                case ulong large: return large;
                default: throw Wrong(name, "a number");
            }
        }

        /// <summary>A list of texts; <c>null</c> if the field is not there.</summary>
        public IReadOnlyList<string> Texts(string name)
        {
            object value = _map[name];
            if (value == null)
            {
                return null;
            }

            var list = value as List<object> ?? throw Wrong(name, "a list of texts");
            var texts = new List<string>(list.Count);
            foreach (object item in list)
            {
                texts.Add(item as string ?? throw Wrong(name, "a list of texts"));
            }

            return texts;
        }

        /// <summary>A list of texts; an empty one if the field is not there.</summary>
        public IReadOnlyList<string> TextsOr(string name)
        {
            return Texts(name) ?? new string[0];
        }

        /// <summary>A map; an empty one if the field is not there.</summary>
        public WireMap MapOr(string name)
        {
            return _map[name] == null ? new WireMap() : _map[name] as WireMap ?? throw Wrong(name, "a map");
        }

        /// <summary>A list of maps; an empty one if the field is not there.</summary>
        public IReadOnlyList<WireMap> MapsOr(string name)
        {
            var maps = new List<WireMap>();
            object value = _map[name];
            if (value != null)
            {
                foreach (object item in value as List<object> ?? throw Wrong(name, "a list of maps"))
                {
                    maps.Add(item as WireMap ?? throw Wrong(name, "a list of maps"));
                }
            }

            return maps;
        }

        public byte[] Binary(string name)
        {
            object value = _map[name];
            return value == null ? new byte[0] : value as byte[] ?? throw Wrong(name, "binary");
        }

        private WireException Wrong(string name, string wanted)
        {
            return new WireException("field '" + name + "' " + (_map.ContainsKey(name) ? "must be " + wanted : "is missing"));
        }
    }
}
