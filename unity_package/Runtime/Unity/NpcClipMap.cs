using System;
using System.Collections.Generic;
using NpcBridge.Core;
using UnityEngine;

namespace NpcBridge
{
    /// <summary>What a clip means.</summary>
    public enum NpcClipKind
    {
        /// <summary>A trigger parameter of the Animator is set.</summary>
        Trigger,

        /// <summary>A state of the Animator is played.</summary>
        State,

        /// <summary>An event of the <see cref="NpcCuePlayer"/> is raised, for whatever is no animation.</summary>
        Event,

        /// <summary>Nothing: the trigger or state of this name is kept from the model.</summary>
        Hidden,
    }

    /// <summary>Which clips an NPC has: what the model may ask for, and what that means in the game. Shared by NPCs of the same rig.</summary>
    [CreateAssetMenu(menuName = "NPC Bridge/Clip Map", fileName = "NpcClipMap")]
    public sealed class NpcClipMap : ScriptableObject
    {
        [SerializeField] private List<NpcClip> clips = new List<NpcClip>();
        [Tooltip("Whether triggers and states that are not in this list are clips too, under their own names.")]
        [SerializeField] private bool includeUnlisted = true;

        /// <summary>The clips.</summary>
        public List<NpcClip> Clips => clips;

        /// <summary>Whether triggers and states that are not in the list are clips too, under their own names.</summary>
        public bool IncludeUnlisted { get => includeUnlisted; set => includeUnlisted = value; }

        /// <summary>The clip of this name; <c>null</c> if there is none.</summary>
        public NpcClip Find(string clip)
        {
            return clips.Find(each => string.Equals(each.Name, clip, StringComparison.OrdinalIgnoreCase));
        }
    }

    /// <summary>One clip of an <see cref="NpcClipMap"/>.</summary>
    [Serializable]
    public sealed class NpcClip
    {
        [Tooltip("What the model is offered, such as wave.")]
        [SerializeField] private string name = "";
        [Tooltip("What it shows, for a better choice: raises a hand in greeting.")]
        [SerializeField] private string description = "";
        [Tooltip("Other words for it.")]
        [SerializeField] private string[] aliases = new string[0];
        [SerializeField] private NpcClipKind kind = NpcClipKind.Trigger;
        [Tooltip("The trigger or state; empty: the same as the name.")]
        [SerializeField] private string target = "";
        [Tooltip("The Animator's layer of the state.")]
        [SerializeField] private int layer = 0;

        /// <summary>An empty clip, for the inspector.</summary>
        public NpcClip()
        {
        }

        /// <summary>A clip of this name and meaning.</summary>
        public NpcClip(string name, NpcClipKind kind, string target = "", string description = "", params string[] aliases)
        {
            this.name = name;
            this.kind = kind;
            this.target = target;
            this.description = description;
            this.aliases = aliases;
        }

        /// <summary>What the model is offered.</summary>
        public string Name => name;

        /// <summary>What it shows.</summary>
        public string Description => description;

        /// <summary>Other words for it.</summary>
        public IReadOnlyList<string> Aliases => aliases;

        /// <summary>What it means.</summary>
        public NpcClipKind Kind => kind;

        /// <summary>The trigger, the state, or the event's name.</summary>
        public string Target => string.IsNullOrEmpty(target) ? name : target;

        /// <summary>The Animator's layer of the state.</summary>
        public int Layer => layer;

        /// <summary>Another word for it, if it is not one yet.</summary>
        public void AddAlias(string alias)
        {
            if (Array.IndexOf(aliases, alias) < 0)
            {
                Array.Resize(ref aliases, aliases.Length + 1);
                aliases[aliases.Length - 1] = alias;
            }
        }

        internal Clip ToWire()
        {
            return new Clip(name, description, aliases);
        }
    }
}
