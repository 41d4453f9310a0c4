using System.Collections.Generic;
using NpcBridge.Core;

namespace NpcBridge.Editor
{
    /// <summary>What is wrong with a component, in words that say what to do. Kept apart from drawing, so that it can be tested.</summary>
    internal static class Mistakes
    {
        public static List<string> Of(NpcCharacter character)
        {
            var found = new List<string>();
            if (string.IsNullOrEmpty(character.Character))
            {
                found.Add("Set 'Character' to the id of a character file, such as brom for characters/brom.toml.");
            }

            if (character.Animator == null)
            {
                found.Add("Without an Animator the NPC talks but does not move.");
            }
            else if (character.Animator.runtimeAnimatorController == null)
            {
                found.Add("The Animator has no controller, so the NPC has nothing to play.");
            }
            else
            {
                foreach (NpcClip clip in character.Clips().Broken())
                {
                    found.Add("The clip '" + clip.Name + "' means the " + clip.Kind.ToString().ToLowerInvariant() + " '" + clip.Target
                        + "', and the Animator has none of that name.");
                }

                foreach (string state in character.States)
                {
                    if (!character.Clips().HasState(state, 0))
                    {
                        found.Add("The Animator has no state '" + state + "' on its first layer; read the states again.");
                    }
                }
            }

            if (character.DeclaredClips().Count >= WireLimits.MaxClips)
            {
                found.Add("The bridge takes " + WireLimits.MaxClips + " clips at most; the rest is left out.");
            }

            return found;
        }

        public static List<string> Of(NpcCuePlayer player)
        {
            var found = new List<string>();
            NpcCharacter character = player.Character != null ? player.Character : player.GetComponentInParent<NpcCharacter>();
            if (character == null)
            {
                found.Add("Set 'Character', or put this component on an NpcCharacter or below one.");
                return found;
            }

            if (character.ClipMap == null)
            {
                return found;
            }

            foreach (NpcClip clip in character.ClipMap.Clips)
            {
                if (clip.Kind == NpcClipKind.Event && !player.ClipEvents.Exists(each => each.Clip == clip.Target))
                {
                    found.Add("The clip '" + clip.Name + "' is an event, and 'Clip Events' has none for '" + clip.Target + "'.");
                }
            }

            return found;
        }

        public static List<string> Of(NpcSpeechText speech)
        {
            var found = new List<string>();
            if (speech.Character == null && speech.GetComponentInParent<NpcCharacter>() == null)
            {
                found.Add("Set 'Character', or put this component on an NpcCharacter or below one.");
            }

            if (speech.GetComponent<ISpeechOutput>() == null)
            {
                found.Add("There is no output beside this component, such as NPC TextMeshPro Output: the text goes only to 'On Shown'.");
            }

            return found;
        }

        public static List<string> Of(NpcEventSource source)
        {
            var found = new List<string>();
            if (string.IsNullOrEmpty(source.EventName))
            {
                found.Add("Set 'Event Name', such as player_arrived.");
            }

            if (source.Scope == NpcEventScope.Group && string.IsNullOrEmpty(source.Group))
            {
                found.Add("With the scope Group, set 'Group'.");
            }

            if (source.Scope == NpcEventScope.Npc && source.Npc == null && source.GetComponentInParent<NpcCharacter>() == null)
            {
                found.Add("With the scope Npc, set 'Npc', or put this component on an NpcCharacter or below one.");
            }

            return found;
        }
    }
}
