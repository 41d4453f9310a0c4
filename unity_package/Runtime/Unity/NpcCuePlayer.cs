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
        [Tooltip("What the NPC plays while the model thinks, if the bridge names no clip for it. Empty: nothing.")]
        [SerializeField] private string thinkingClip = "";
        [Tooltip("What clips of the kind Event do.")]
        [SerializeField] private List<NpcClipEvent> clipEvents = new List<NpcClipEvent>();
        [Tooltip("A cue is aimed at an NPC Target: where that is. Turn the head, or walk there.")]
        [SerializeField] private NpcPlaceEvent onLookedAt = new NpcPlaceEvent();

        private readonly List<Gesture> _waiting = new List<Gesture>();
        private Gesture _playing;
        private float _leftSeconds;

        /// <summary>A cue's animation begins: what it means for this NPC.</summary>
        public event Action<NpcClip> CueStarted;

        /// <summary>A cue is aimed at an <see cref="NpcTarget"/>: where that is.</summary>
        public event Action<NpcCue, Transform> LookedAt;

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

        /// <summary>What the NPC plays while the model thinks, if the bridge names no clip for it.</summary>
        public string ThinkingClip { get => thinkingClip; set => thinkingClip = value; }

        /// <summary>What clips of the kind Event do.</summary>
        public List<NpcClipEvent> ClipEvents => clipEvents;

        /// <summary>Name of the clip that plays now; empty while the NPC idles.</summary>
        public string Playing => _playing == null ? "" : _playing.Clip.Name;

        /// <summary>Whether what plays is the pose of a thinking NPC.</summary>
        public bool IsThinking => _playing != null && _playing.IsPose;

        /// <summary>Play a clip now or when the present one is over.</summary>
        /// <returns>False if the NPC has no such clip.</returns>
        public bool Play(string clip)
        {
            return Play(clip, null);
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

        private bool Play(string clip, NpcCue cue)
        {
            NpcClip found = character != null ? character.ClipFor(clip) : null;
            if (found == null || (found.Kind == NpcClipKind.Event && EventOf(found) == null))
            {
                return false;
            }

            var next = new Gesture(found, cue);
            if (next.IsPose && _playing != null)
            {
                return true;  // whoever still moves need not be seen thinking
            }

            if (_playing != null && !_playing.IsPose && mode == NpcCueMode.Queue)
            {
                _waiting.Add(next);
                while (_waiting.Count > queueLength)
                {
                    _waiting.RemoveAt(0);
                }
            }
            else
            {
                Begin(next);
            }

            return true;
        }

        private void Begin(Gesture next)
        {
            _playing = next;
            _leftSeconds = 0;
            NpcClip clip = next.Clip;
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

            if (next.IsPose)
            {
                _leftSeconds = float.PositiveInfinity;
            }

            CueStarted?.Invoke(clip);
        }

        private void End()
        {
            NpcClip ended = _playing?.Clip;
            _playing = null;
            if (_waiting.Count > 0)
            {
                Gesture next = _waiting[0];
                _waiting.RemoveAt(0);
                Begin(next);
            }
            else if (ended != null && ended.Kind == NpcClipKind.State && character != null)
            {
                ReturnToIdle(ended.Layer);
            }
        }

        private void EndPose()
        {
            if (IsThinking)
            {
                End();
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
            LookAt(cue);
            if (cue.Clip.Length == 0)
            {
                EndPose();
            }
            else if (!Play(cue.Clip, cue))
            {
                character.Unhandled(cue);
            }
        }

        private void LookAt(NpcCue cue)
        {
            NpcTarget target = cue.Target.Length > 0 ? NpcTarget.Find(cue.Target) : null;
            if (target != null)
            {
                LookedAt?.Invoke(cue, target.Place);
                onLookedAt.Invoke(target.Place);
            }
        }

        private void Think(NpcCue cue)
        {
            Play(cue.Clip.Length > 0 ? cue.Clip : thinkingClip, cue);
        }

        private void TakeConfirmed(NpcCue cue)
        {
            // Whom it is aimed at is known only now.
            if (cue.IsReached)
            {
                LookAt(cue);
            }
        }

        private void TakeBack(NpcCue cue)
        {
            _waiting.RemoveAll(each => each.Cue == cue);
            if (_playing == null || _playing.Cue != cue)
            {
                return;
            }

            NpcClip clip = _playing.Clip;
            if (clip.Kind == NpcClipKind.Trigger)
            {
                // It may not have been taken yet; and if it was, the controller would play its state to the end.
                character.Animator.ResetTrigger(clip.Target);
                ReturnToIdle(clip.Layer);
            }

            End();
        }

        private void TakeText(string piece, int place)
        {
            EndPose();
        }

        private void TakeEnd(NpcTurn turn)
        {
            EndPose();
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
                character.ThinkingStarted += Think;
                character.CueConfirmed += TakeConfirmed;
                character.CueWithdrawn += TakeBack;
                character.TextArrived += TakeText;
                character.Rewound += Stop;
                character.TurnEnded += TakeEnd;
            }
        }

        private void Part()
        {
            if (character != null)
            {
                character.CueReached -= TakeCue;
                character.ThinkingStarted -= Think;
                character.CueConfirmed -= TakeConfirmed;
                character.CueWithdrawn -= TakeBack;
                character.TextArrived -= TakeText;
                character.Rewound -= Stop;
                character.TurnEnded -= TakeEnd;
            }
        }

        /// <summary>A clip that plays or waits, and the cue it came from if any.</summary>
        private sealed class Gesture
        {
            public Gesture(NpcClip clip, NpcCue cue)
            {
                Clip = clip;
                Cue = cue;
            }

            public NpcClip Clip { get; }

            public NpcCue Cue { get; }

            public bool IsPose => Cue != null && Cue.IsThinking;
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
