using System;
using System.Collections.Generic;
using NpcBridge.Core;
using UnityEngine;

namespace NpcBridge
{
    /// <summary>What an NPC can really play: its clip map and its Animator put together.</summary>
    internal sealed class ClipTable
    {
        private readonly Animator _animator;
        private readonly NpcClipMap _map;
        private readonly IReadOnlyList<string> _states;

        /// <summary>The clips of an NPC. Any of the arguments may be <c>null</c>.</summary>
        public ClipTable(Animator animator, NpcClipMap map, IReadOnlyList<string> states)
        {
            _animator = animator;
            _map = map;
            _states = states ?? new string[0];
        }

        /// <summary>The clips to declare to the bridge, those of the map first.</summary>
        public List<Clip> Declared(string idleState)
        {
            var declared = new List<Clip>();
            var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { idleState ?? "" };
            var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
            if (_map != null)
            {
                foreach (NpcClip clip in _map.Clips)
                {
                    // What the map mentions, also to hide it, is not offered a second time under its own name.
                    taken.Add(clip.Target);
                    if (clip.Kind != NpcClipKind.Hidden && clip.Name.Length > 0 && CanPlay(clip) && names.Add(clip.Name))
                    {
                        declared.Add(clip.ToWire());
                    }
                }
            }

            if (_map == null || _map.IncludeUnlisted)
            {
                foreach (string name in Unlisted())
                {
                    if (taken.Add(name) && names.Add(name))
                    {
                        declared.Add(new Clip(name));
                    }
                }
            }

            if (declared.Count > WireLimits.MaxClips)
            {
                declared.RemoveRange(WireLimits.MaxClips, declared.Count - WireLimits.MaxClips);
            }

            return declared;
        }

        /// <summary>What a clip that the bridge named means; <c>null</c> if the NPC cannot play it.</summary>
        public NpcClip Find(string clip)
        {
            if (string.IsNullOrEmpty(clip))
            {
                return null;
            }

            NpcClip mapped = _map != null ? _map.Find(clip) : null;
            if (mapped != null)
            {
                return mapped.Kind != NpcClipKind.Hidden && CanPlay(mapped) ? mapped : null;
            }

            foreach (NpcClipKind kind in new[] { NpcClipKind.Trigger, NpcClipKind.State })
            {
                var own = new NpcClip(clip, kind);
                if (CanPlay(own))
                {
                    return own;
                }
            }

            return null;
        }

        /// <summary>Clips of the map that lead to nothing.</summary>
        public List<NpcClip> Broken()
        {
            return _map == null ? new List<NpcClip>() : _map.Clips.FindAll(each => each.Name.Length == 0 || !CanPlay(each));
        }

        public bool CanPlay(NpcClip clip)
        {
            switch (clip.Kind)
            {
                case NpcClipKind.Trigger: return HasTrigger(clip.Target);
                case NpcClipKind.State: return HasState(clip.Target, clip.Layer);
                default: return true;
            }
        }

        public bool HasState(string state, int layer)
        {
            return HasController && layer >= 0 && layer < _animator.layerCount && _animator.HasState(layer, Animator.StringToHash(state));
        }

        private bool HasController => _animator != null && _animator.runtimeAnimatorController != null;

        private bool HasTrigger(string trigger)
        {
            return HasController && Array.Exists(_animator.parameters, each => each.type == AnimatorControllerParameterType.Trigger && each.name == trigger);
        }

        private IEnumerable<string> Unlisted()
        {
            if (!HasController)
            {
                yield break;
            }

            foreach (AnimatorControllerParameter parameter in _animator.parameters)
            {
                if (parameter.type == AnimatorControllerParameterType.Trigger)
                {
                    yield return parameter.name;
                }
            }

            foreach (string state in _states)
            {
                if (HasState(state, 0))
                {
                    yield return state;
                }
            }
        }
    }
}
