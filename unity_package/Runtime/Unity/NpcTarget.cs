using System;
using System.Collections.Generic;
using NpcBridge.Core;
using UnityEngine;

namespace NpcBridge
{
    /// <summary>Something that NPCs can point at, look at or go to: a door, an anvil, the player.</summary>
    /// <remarks>
    /// While it is enabled, every NPC declares its name to the bridge, and a cue such as <c>(points at the door)</c> comes with
    /// <see cref="NpcCue.Target"/>. <see cref="NpcCuePlayer.LookedAt"/> then brings its place in the scene.
    /// </remarks>
    [AddComponentMenu("NPC Bridge/NPC Target")]
    public sealed class NpcTarget : MonoBehaviour
    {
        private static readonly List<NpcTarget> s_all = new List<NpcTarget>();

        [Tooltip("What the model is told of, such as door. Empty: the name of this object.")]
        [SerializeField] private string targetName = "";
        [Tooltip("Other words for it, such as entrance or 门.")]
        [SerializeField] private string[] aliases = new string[0];
        [Tooltip("What NPCs look at. Empty: this object.")]
        [SerializeField] private Transform place = null;

        internal static event Action Changed;

        /// <summary>What cues name it. Empty: the name of its object.</summary>
        public string TargetName
        {
            get => string.IsNullOrEmpty(targetName) ? gameObject.name : targetName;
            set
            {
                targetName = value;
                Changed?.Invoke();
            }
        }

        /// <summary>Other words for it.</summary>
        public string[] Aliases
        {
            get => aliases;
            set
            {
                aliases = value;
                Changed?.Invoke();
            }
        }

        /// <summary>What NPCs look at.</summary>
        public Transform Place { get => place != null ? place : transform; set => place = value; }

        /// <summary>Make a place of the scene a target: adds this component to it.</summary>
        public static NpcTarget Register(Transform place, string name, params string[] aliases)
        {
            NpcTarget target = place.gameObject.AddComponent<NpcTarget>();
            target.targetName = name;
            target.aliases = aliases;
            Changed?.Invoke();
            return target;
        }

        /// <summary>The enabled target of this name; <c>null</c> if there is none.</summary>
        public static NpcTarget Find(string name)
        {
            return s_all.Find(each => string.Equals(each.TargetName, name, StringComparison.OrdinalIgnoreCase));
        }

        /// <summary>The targets as they are declared to the bridge, each name once.</summary>
        internal static List<Target> Declared()
        {
            var declared = new List<Target>();
            var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            foreach (NpcTarget each in s_all)
            {
                if (declared.Count < WireLimits.MaxTargets && names.Add(each.TargetName))
                {
                    declared.Add(new Target(each.TargetName, each.aliases));
                }
            }

            return declared;
        }

        [RuntimeInitializeOnLoadMethod(RuntimeInitializeLoadType.SubsystemRegistration)]
        internal static void ResetStatics()
        {
            s_all.Clear();
            Changed = null;
        }

        private void OnEnable()
        {
            s_all.Add(this);
            Changed?.Invoke();
        }

        private void OnDisable()
        {
            s_all.Remove(this);
            Changed?.Invoke();
        }
    }
}
