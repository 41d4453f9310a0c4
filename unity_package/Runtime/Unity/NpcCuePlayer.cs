using System;
using System.Collections.Generic;
using UnityEngine;
using UnityEngine.Events;

namespace NpcBridge
{
    /// <summary>What happens to a cue that is reached while another one plays.</summary>
    public enum NpcCueMode
    {
        /// <summary>It waits until the present one is over.</summary>
        Queue,

        /// <summary>It replaces the present one.</summary>
        Replace,
    }

    /// <summary>Plays an NPC's cues with the NPC's own animations, and lets it return to idle.</summary>
    /// <remarks>
    /// What a cue means is looked up in the character's clip map and among its Animator's real triggers and states, so a name that does
    /// not exist is never played. A cue that cannot be played raises <see cref="NpcCharacter.CueUnhandled"/> and writes no log.
    /// </remarks>
    [AddComponentMenu("NPC Bridge/NPC Cue Player")]
    public sealed class NpcCuePlayer : MonoBehaviour
    {
        [Tooltip("The NPC whose cues are played. Empty: the nearest among the parents.")]
        [SerializeField] private NpcCharacter character = null;
        [SerializeField] private NpcCueMode mode = NpcCueMode.Queue;
        [Tooltip("How many cues may wait; the oldest goes first.")]
        [SerializeField] private int queueLength = 3;
        [Tooltip("Blend from one state to the next, in seconds.")]
        [SerializeField] private float blend = 0.15f;
        [Tooltip("How long a trigger keeps the NPC busy, in seconds, when no animation has its name.")]
        [SerializeField] private float triggerSeconds = 1f;
        [Tooltip("States that loop are ended after this many seconds.")]
        [SerializeField] private float longest = 4f;
        [Tooltip("What clips of the kind Event do.")]
        [SerializeField] private List<NpcClipEvent> clipEvents = new List<NpcClipEvent>();

        private readonly Queue<NpcClip> _waiting = new Queue<NpcClip>();
        private NpcClip _playing;
        private float _leftSeconds;

        /// <summary>A cue's animation begins: what it means for this NPC.</summary>
        public event Action<NpcClip> CueStarted;

        /// <summary>The NPC whose cues are played.</summary>
        public NpcCharacter Character
        {
            get => character;
            set
            {
                Part();
                character = value;
                Join();
            }
        }

        /// <summary>What happens to a cue that is reached while another one plays.</summary>
        public NpcCueMode Mode { get => mode; set => mode = value; }

        /// <summary>What clips of the kind Event do.</summary>
        public List<NpcClipEvent> ClipEvents => clipEvents;

        /// <summary>Name of the clip that plays now; empty while the NPC idles.</summary>
        public string Playing => _playing == null ? "" : _playing.Name;

        /// <summary>Play a clip now or when the present one is over.</summary>
        /// <returns>False if the NPC has no such clip.</returns>
        public bool Play(string clip)
        {
            NpcClip found = character != null ? character.ClipFor(clip) : null;
            if (found == null || (found.Kind == NpcClipKind.Event && EventOf(found) == null))
            {
                return false;
            }

            if (_playing != null && mode == NpcCueMode.Queue)
            {
                _waiting.Enqueue(found);
                while (_waiting.Count > queueLength)
                {
                    _waiting.Dequeue();
                }
            }
            else
            {
                Begin(found);
            }

            return true;
        }

        /// <summary>Forget the cues that wait and return to idle.</summary>
        public void Stop()
        {
            _waiting.Clear();
            End();
        }

        private void OnEnable()
        {
            if (character == null)
            {
                character = GetComponentInParent<NpcCharacter>();
            }

            Join();
        }

        private void OnDisable()
        {
            Part();
            _waiting.Clear();
            _playing = null;
        }

        private void Update()
        {
            if (_playing == null)
            {
                return;
            }

            _leftSeconds -= Time.deltaTime;
            if (_leftSeconds <= 0)
            {
                End();
            }
        }

        private void Begin(NpcClip clip)
        {
            _playing = clip;
            _leftSeconds = 0;
            Animator animator = character.Animator;
            switch (clip.Kind)
            {
                case NpcClipKind.Trigger:
                    animator.SetTrigger(clip.Target);
                    _leftSeconds = LengthOf(animator, clip.Target, triggerSeconds);
                    break;
                case NpcClipKind.State:
                    animator.CrossFadeInFixedTime(Animator.StringToHash(clip.Target), blend, clip.Layer);
                    _leftSeconds = LengthOf(animator, clip.Target, longest);
                    break;
                case NpcClipKind.Event:
                    EventOf(clip).OnPlayed.Invoke();
                    break;
            }

            CueStarted?.Invoke(clip);
        }

        private void End()
        {
            NpcClip ended = _playing;
            _playing = null;
            if (_waiting.Count > 0)
            {
                Begin(_waiting.Dequeue());
            }
            else if (ended != null && ended.Kind == NpcClipKind.State && character != null)
            {
                ReturnToIdle(ended.Layer);
            }
        }

        private void ReturnToIdle(int layer)
        {
            // Triggers return by the controller's own transitions; a state that was played by name has perhaps none.
            string idle = character.IdleState;
            if (!string.IsNullOrEmpty(idle) && character.Clips().HasState(idle, layer))
            {
                character.Animator.CrossFadeInFixedTime(Animator.StringToHash(idle), blend, layer);
            }
        }

        private float LengthOf(Animator animator, string name, float otherwise)
        {
            AnimationClip found = Array.Find(animator.runtimeAnimatorController.animationClips, each => each != null && each.name == name);
            return found == null ? otherwise : found.isLooping ? longest : found.length;
        }

        private NpcClipEvent EventOf(NpcClip clip)
        {
            return clipEvents.Find(each => string.Equals(each.Clip, clip.Target, StringComparison.OrdinalIgnoreCase));
        }

        private void TakeCue(NpcCue cue)
        {
            if (cue.Clip.Length > 0 && !Play(cue.Clip))
            {
                character.Unhandled(cue);
            }
        }

        private void TakeEnd(NpcTurn turn)
        {
            if (turn.Ended.Reason == "interrupted" || turn.Ended.Reason == "lost")
            {
                _waiting.Clear();
            }
        }

        private void Join()
        {
            if (character != null && isActiveAndEnabled)
            {
                Part();
                character.CueReached += TakeCue;
                character.TurnEnded += TakeEnd;
            }
        }

        private void Part()
        {
            if (character != null)
            {
                character.CueReached -= TakeCue;
                character.TurnEnded -= TakeEnd;
            }
        }
    }

    /// <summary>What a clip of the kind <see cref="NpcClipKind.Event"/> does.</summary>
    [Serializable]
    public sealed class NpcClipEvent
    {
        [Tooltip("The clip's target, or its name when it has none.")]
        [SerializeField] private string clip = "";
        [SerializeField] private UnityEvent onPlayed = new UnityEvent();

        /// <summary>An empty one, for the inspector.</summary>
        public NpcClipEvent()
        {
        }

        /// <summary>For this clip.</summary>
        public NpcClipEvent(string clip)
        {
            this.clip = clip;
        }

        /// <summary>The clip's target, or its name when it has none.</summary>
        public string Clip => clip;

        /// <summary>The clip is played.</summary>
        public UnityEvent OnPlayed => onPlayed;
    }
}
