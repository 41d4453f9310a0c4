using NpcBridge.Core;
using UnityEditor;
using UnityEngine;

namespace NpcBridge.Editor
{
    /// <summary>Makes an action that no clip fitted another word for a clip.</summary>
    internal static class Aliases
    {
        /// <summary>Write it into the clip maps of all NPCs in the scene that are this character, and tell the bridge. Says what came of it.</summary>
        public static string Accept(UnmappedAction action, string clip)
        {
            int written = 0;
            bool isHere = false;
            foreach (NpcCharacter npc in Object.FindObjectsByType<NpcCharacter>(FindObjectsSortMode.None))
            {
                if (npc.Character != action.Character)
                {
                    continue;
                }

                isHere = true;
                if (npc.ClipMap != null && Write(npc, action.Action, clip))
                {
                    npc.Declare();
                    written++;
                }
            }

            return written > 0 ? "'" + action.Action + "' means '" + clip + "' now."
                : isHere ? "Give the NPC a clip map first: NPC Bridge > Clip Map in the menu of new assets."
                : "No NPC of this scene is the character '" + action.Character + "'.";
        }

        private static bool Write(NpcCharacter npc, string action, string clip)
        {
            NpcClipMap map = npc.ClipMap;
            NpcClip found = map.Find(clip);
            NpcClip own = found == null ? npc.ClipFor(clip) : null;
            if (found == null && own == null)
            {
                return false;
            }

            Undo.RecordObject(map, "Add an alias");
            if (found == null)
            {
                found = own;
                map.Clips.Add(found);
            }

            found.AddAlias(action);
            EditorUtility.SetDirty(map);
            return true;
        }
    }
}
