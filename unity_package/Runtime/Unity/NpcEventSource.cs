using System;
using System.Collections.Generic;
using NpcBridge.Core;
using UnityEngine;

namespace NpcBridge
{
    /// <summary>Who notices an event.</summary>
    public enum NpcEventScope
    {
        /// <summary>Every NPC.</summary>
        World,

        /// <summary>The NPCs of a group.</summary>
        Group,

        /// <summary>One NPC.</summary>
        Npc,
    }

    /// <summary>Whether an NPC says something about an event by itself.</summary>
    public enum NpcReaction
    {
        /// <summary>As the event's wording says.</summary>
        AsWritten,

        /// <summary>Yes.</summary>
        Always,

        /// <summary>No.</summary>
        Never,
    }

    /// <summary>When an <see cref="NpcEventSource"/> tells its event by itself.</summary>
    public enum NpcEventMoment
    {
        /// <summary>Only when <see cref="NpcEventSource.Fire()"/> is called, from a script or an event of the inspector.</summary>
        Manual,

        /// <summary>When this component is enabled.</summary>
        Enabled,

        /// <summary>When something enters this object's trigger collider.</summary>
        TriggerEnter,

        /// <summary>When something leaves this object's trigger collider.</summary>
        TriggerExit,

        /// <summary>When something hits this object's collider.</summary>
        CollisionEnter,
    }

    /// <summary>Tells the NPCs about something in the game, without code.</summary>
    /// <remarks>
    /// Put it on a trigger collider and choose a moment, or call <see cref="Fire()"/> from any event of the inspector. What happens often
    /// is told once per interval, with its latest data.
    /// </remarks>
    [AddComponentMenu("NPC Bridge/NPC Event Source")]
    public sealed class NpcEventSource : MonoBehaviour
    {
        [Tooltip("The event's name, which its wording in events.toml has as well.")]
        [SerializeField] private string eventName = "";
        [Tooltip("What fills in the wording.")]
        [SerializeField] private List<NpcDatum> data = new List<NpcDatum>();
        [SerializeField] private NpcEventMoment when = NpcEventMoment.Manual;
        [Tooltip("With a collider: only things with this tag count, such as Player. Empty: all.")]
        [SerializeField] private string onlyFromTag = "";
        [Tooltip("With a collider: what the other thing's name is called in the data. Empty: it is left out.")]
        [SerializeField] private string otherName = "who";

        [Header("Who and how often")]
        [SerializeField] private NpcEventScope scope = NpcEventScope.World;
        [SerializeField] private string group = "";
        [Tooltip("With the scope Npc. Empty: the nearest among the parents.")]
        [SerializeField] private NpcCharacter npc = null;
        [SerializeField] private NpcReaction reaction = NpcReaction.AsWritten;
        [Tooltip("Tell it at most once in so many seconds; what comes in between counts with its latest data.")]
        [SerializeField] private float interval = 0.5f;
        [Tooltip("A later event with the same key replaces this one until it was used. Empty: the event's name.")]
        [SerializeField] private string key = "";
        [Tooltip("Which events stay when there are too many: 9 before 0; -1: as the wording says.")]
        [SerializeField] private int priority = -1;

        private Dictionary<string, object> _waiting;
        private float _leftSeconds;

        /// <summary>An event was told: its name and data.</summary>
        public event Action<string, IReadOnlyDictionary<string, object>> Told;

        /// <summary>The event's name.</summary>
        public string EventName { get => eventName; set => eventName = value; }

        /// <summary>What fills in the event's wording.</summary>
        public List<NpcDatum> Data => data;

        /// <summary>When the event is told by itself.</summary>
        public NpcEventMoment When { get => when; set => when = value; }

        /// <summary>Only things with this tag count.</summary>
        public string OnlyFromTag { get => onlyFromTag; set => onlyFromTag = value; }

        /// <summary>Who notices the event.</summary>
        public NpcEventScope Scope { get => scope; set => scope = value; }

        /// <summary>The group of NPCs, with the scope Group.</summary>
        public string Group { get => group; set => group = value; }

        /// <summary>The NPC, with the scope Npc.</summary>
        public NpcCharacter Npc { get => npc; set => npc = value; }

        /// <summary>Whether an NPC says something about the event by itself.</summary>
        public NpcReaction Reaction { get => reaction; set => reaction = value; }

        /// <summary>The event is told at most once in so many seconds.</summary>
        public float Interval { get => interval; set => interval = value; }

        /// <summary>A later event with the same key replaces this one until it was used.</summary>
        public string Key { get => key; set => key = value; }

        /// <summary>Which events stay when there are too many.</summary>
        public int Priority { get => priority; set => priority = value; }

        /// <summary>Tell the event now, or when the interval is over.</summary>
        public void Fire()
        {
            Fire((IDictionary<string, object>)null);
        }

        /// <summary>Tell the event with one more datum, called <c>value</c>; for events of the inspector that bring a text.</summary>
        public void FireWith(string value)
        {
            Fire(new Dictionary<string, object> { { "value", value } });
        }

        /// <summary>Tell the event with more data; they replace data of the inspector with the same name.</summary>
        public void Fire(IDictionary<string, object> more)
        {
            if (string.IsNullOrEmpty(eventName))
            {
                Debug.LogWarning("NPC Bridge: an NpcEventSource has no event name", this);
                return;
            }

            _waiting = new Dictionary<string, object>();
            foreach (NpcDatum datum in data)
            {
                _waiting[datum.Name] = datum.Value;
            }

            foreach (KeyValuePair<string, object> pair in more ?? new Dictionary<string, object>())
            {
                _waiting[pair.Key] = pair.Value;
            }

            if (_leftSeconds <= 0)
            {
                TellWaiting();
            }
        }

        private void OnEnable()
        {
            if (when == NpcEventMoment.Enabled)
            {
                Fire();
            }
        }

        private void Update()
        {
            _leftSeconds -= Time.unscaledDeltaTime;
            if (_leftSeconds <= 0 && _waiting != null)
            {
                TellWaiting();
            }
        }

        private void OnTriggerEnter(Collider other)
        {
            FireFor(NpcEventMoment.TriggerEnter, other);
        }

        private void OnTriggerExit(Collider other)
        {
            FireFor(NpcEventMoment.TriggerExit, other);
        }

        private void OnCollisionEnter(Collision collision)
        {
            FireFor(NpcEventMoment.CollisionEnter, collision.collider);
        }

        private void OnTriggerEnter2D(Collider2D other)
        {
            FireFor(NpcEventMoment.TriggerEnter, other);
        }

        private void OnTriggerExit2D(Collider2D other)
        {
            FireFor(NpcEventMoment.TriggerExit, other);
        }

        private void OnCollisionEnter2D(Collision2D collision)
        {
            FireFor(NpcEventMoment.CollisionEnter, collision.collider);
        }

        private void FireFor(NpcEventMoment moment, Component other)
        {
            // Unity calls these on disabled components too.
            if (when != moment || !isActiveAndEnabled || (!string.IsNullOrEmpty(onlyFromTag) && !other.CompareTag(onlyFromTag)))
            {
                return;
            }

            Fire(string.IsNullOrEmpty(otherName) ? null : new Dictionary<string, object> { { otherName, other.gameObject.name } });
        }

        private void TellWaiting()
        {
            Dictionary<string, object> told = _waiting;
            _waiting = null;
            _leftSeconds = interval;
            NpcBridgeConnection bridge = NpcBridgeConnection.Instance;
            if (bridge != null)
            {
                bridge.Tell(eventName, told, Options());
                Told?.Invoke(eventName, told);
            }
        }

        private EventOptions Options()
        {
            var options = new EventOptions { Key = string.IsNullOrEmpty(key) ? eventName : key };
            if (reaction != NpcReaction.AsWritten)
            {
                options.React = reaction == NpcReaction.Always;
            }

            if (priority >= 0)
            {
                options.Priority = priority;
            }

            if (scope == NpcEventScope.Group)
            {
                options.Group = group;
            }
            else if (scope == NpcEventScope.Npc)
            {
                NpcCharacter who = npc != null ? npc : GetComponentInParent<NpcCharacter>();
                options.Npc = who != null ? who.ResolvedId : "";
            }

            return options;
        }
    }

    /// <summary>One datum of an event.</summary>
    [Serializable]
    public sealed class NpcDatum
    {
        [SerializeField] private string name = "";
        [SerializeField] private string value = "";

        /// <summary>An empty one, for the inspector.</summary>
        public NpcDatum()
        {
        }

        /// <summary>With this name and value.</summary>
        public NpcDatum(string name, string value)
        {
            this.name = name;
            this.value = value;
        }

        /// <summary>What the wording calls it.</summary>
        public string Name => name;

        /// <summary>What it is.</summary>
        public string Value => value;
    }
}
