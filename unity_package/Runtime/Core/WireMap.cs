using System;
using System.Collections;
using System.Collections.Generic;

namespace NpcBridge.Core
{
    /// <summary>
    /// A map of the wire: text keys in the order in which they were added.
    /// </summary>
    /// <remarks>
    /// Values are <c>null</c>, <see cref="bool"/>, whole numbers, <see cref="double"/>, <see cref="string"/>, <c>byte[]</c>, another
    /// <see cref="WireMap"/> or a list of such values. Adding a key again replaces its value. Maps of the protocol are small, so a key is
    /// looked for from one end to the other.
    /// </remarks>
    public sealed class WireMap : IEnumerable<KeyValuePair<string, object>>
    {
        private const int SmallCount = 16;

        private readonly List<KeyValuePair<string, object>> _entries = new List<KeyValuePair<string, object>>();
        private Dictionary<string, int> _places;

        /// <summary>How many keys there are.</summary>
        public int Count => _entries.Count;

        /// <summary>The value of a key, <c>null</c> if it is not there.</summary>
        public object this[string key]
        {
            get
            {
                int place = PlaceOf(key);
                return place < 0 ? null : _entries[place].Value;
            }

            set
            {
                Add(key, value);
            }
        }

        /// <summary>Whether the key is there, also with the value <c>null</c>.</summary>
        public bool ContainsKey(string key)
        {
            return PlaceOf(key) >= 0;
        }

        /// <summary>Set the value of a key.</summary>
        public void Add(string key, object value)
        {
            if (key == null)
            {
                throw new ArgumentNullException(nameof(key));
            }

            var entry = new KeyValuePair<string, object>(key, value);
            int place = PlaceOf(key);
            if (place >= 0)
            {
                _entries[place] = entry;
                return;
            }

            _entries.Add(entry);
            if (_places != null)
            {
                _places[key] = _entries.Count - 1;
            }
            else if (_entries.Count > SmallCount)
            {
                // A hostile map of many keys must not cost the square of their number.
                _places = new Dictionary<string, int>(StringComparer.Ordinal);
                for (int i = 0; i < _entries.Count; i++)
                {
                    _places[_entries[i].Key] = i;
                }
            }
        }

        /// <summary>Set the value of a key, unless the value is <c>null</c> or empty text, which is how the wire says "not given".</summary>
        public void AddIfGiven(string key, object value)
        {
            if (value != null && !(value is string text && text.Length == 0))
            {
                Add(key, value);
            }
        }

        /// <summary>The text of a key; empty if it is not there or not text.</summary>
        public string TextOf(string key)
        {
            return this[key] as string ?? "";
        }

        /// <inheritdoc/>
        public IEnumerator<KeyValuePair<string, object>> GetEnumerator()
        {
            return _entries.GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator()
        {
            return _entries.GetEnumerator();
        }

        private int PlaceOf(string key)
        {
            if (_places != null)
            {
                return _places.TryGetValue(key, out int place) ? place : -1;
            }

            for (int i = 0; i < _entries.Count; i++)
            {
                if (string.Equals(_entries[i].Key, key, StringComparison.Ordinal))
                {
                    return i;
                }
            }

            return -1;
        }
    }
}
