using System.Collections;
using System.Collections.Generic;
using NpcBridge.Core;
using UnityEngine;

namespace NpcBridge
{
    /// <summary>Values of Unity as values of the wire: vectors are lists, colours are text, objects are their names.</summary>
    internal static class UnityPlain
    {
        public static WireMap Map(IDictionary data)
        {
            var map = new WireMap();
            if (data == null)
            {
                return map;
            }

            foreach (DictionaryEntry entry in data)
            {
                map.Add(entry.Key.ToString(), Value(entry.Value));
            }

            return map;
        }

        public static object Value(object value)
        {
            switch (value)
            {
                case Object thing:
                    // A destroyed object has no name any more.
                    return thing != null ? thing.name : null;
                case Vector2 vector:
                    return Plain.Value(new List<object> { vector.x, vector.y });
                case Vector3 vector:
                    return Plain.Value(new List<object> { vector.x, vector.y, vector.z });
                case Vector2Int vector:
                    return Plain.Value(new List<object> { vector.x, vector.y });
                case Vector3Int vector:
                    return Plain.Value(new List<object> { vector.x, vector.y, vector.z });
                case Color colour:
                    return "#" + ColorUtility.ToHtmlStringRGBA(colour);
                default:
                    return Plain.Value(value);
            }
        }
    }
}
