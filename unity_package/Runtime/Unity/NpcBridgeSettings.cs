using System;
using System.Collections.Generic;
using System.IO;
using NpcBridge.Core;
using UnityEngine;

namespace NpcBridge
{
    /// <summary>
    /// Where the bridge is and how to talk with it, as an asset. The asset <c>Resources/NpcBridgeSettings</c> is the project's; the project
    /// settings have a page for it.
    /// </summary>
    /// <remarks>
    /// The environment variables <c>NPC_BRIDGE_URL</c> and <c>NPC_BRIDGE_TOKEN</c> come before the asset. Whoever names a bridge there has
    /// one running, so none is started. A token in the asset is part of every build: use it for development only.
    /// </remarks>
    [CreateAssetMenu(menuName = "NPC Bridge/Settings", fileName = ResourceName)]
    public sealed class NpcBridgeSettings : ScriptableObject
    {
        /// <summary>Name of the project's settings below a folder <c>Resources</c>.</summary>
        public const string ResourceName = "NpcBridgeSettings";

        [Header("Connection")]
        [Tooltip("Where the bridge listens.")]
        [SerializeField] private string url = "ws://127.0.0.1:8765";
        [Tooltip("What lets this game in. It becomes part of your builds: better set NPC_BRIDGE_TOKEN.")]
        [SerializeField] private string token = "";
        [Tooltip("JSON is easier to read in a log; msgpack is smaller.")]
        [SerializeField] private bool json = false;
        [Tooltip("Connect when the game starts. Otherwise call NpcBridgeConnection.Connect.")]
        [SerializeField] private bool autoConnect = true;
        [Tooltip("The first wait before connecting again, in seconds.")]
        [SerializeField] private float firstRetrySeconds = 0.5f;
        [Tooltip("The longest wait before connecting again, in seconds.")]
        [SerializeField] private float longestRetrySeconds = 10f;

        [Header("Start the bridge with the game")]
        [Tooltip("Start the bridge, and end it with the game. Does not work in IL2CPP builds and on phones and consoles.")]
        [SerializeField] private bool autostart = false;
        [Tooltip("The command npc-bridge, or its full path.")]
        [SerializeField] private string command = "npc-bridge";
        [Tooltip("More arguments of 'npc-bridge serve', such as --backend ollama.")]
        [SerializeField] private string[] arguments = new string[0];
        [Tooltip("Folder of character files below StreamingAssets.")]
        [SerializeField] private string characters = "characters";
        [Tooltip("File with the wording of events below StreamingAssets.")]
        [SerializeField] private string events = "events.toml";

        [Header("Conversation")]
        [Tooltip("The language NPCs speak, such as en or zh, unless they have their own. Empty: as their character file says.")]
        [SerializeField] private string language = "";

        /// <summary>Where the bridge listens.</summary>
        public string Url { get => url; set => url = value; }

        /// <summary>What lets this game in.</summary>
        public string Token { get => token; set => token = value; }

        /// <summary>Whether messages are JSON and not msgpack.</summary>
        public bool Json { get => json; set => json = value; }

        /// <summary>Whether to connect when the game starts.</summary>
        public bool AutoConnect { get => autoConnect; set => autoConnect = value; }

        /// <summary>Whether the game starts the bridge itself.</summary>
        public bool Autostart { get => autostart; set => autostart = value; }

        /// <summary>The command that runs the bridge.</summary>
        public string Command { get => command; set => command = value; }

        /// <summary>More arguments of <c>npc-bridge serve</c>.</summary>
        public string[] Arguments { get => arguments; set => arguments = value; }

        /// <summary>The language NPCs speak unless they have their own.</summary>
        public string Language { get => language; set => language = value; }

        /// <summary>The project's settings, or the defaults when it has none.</summary>
        public static NpcBridgeSettings Load()
        {
            var found = Resources.Load<NpcBridgeSettings>(ResourceName);
            return found != null ? found : CreateInstance<NpcBridgeSettings>();
        }

        /// <summary>The settings as the core wants them, with what the environment says.</summary>
        public ConnectionSettings ToConnection()
        {
            string urlOutside = Environment.GetEnvironmentVariable("NPC_BRIDGE_URL");
            string tokenOutside = Environment.GetEnvironmentVariable("NPC_BRIDGE_TOKEN");
            return new ConnectionSettings
            {
                Url = string.IsNullOrEmpty(urlOutside) ? url : urlOutside,
                Token = string.IsNullOrEmpty(tokenOutside) ? token : tokenOutside,
                Json = json,
                Engine = "Unity " + Application.unityVersion,
                FirstRetrySeconds = firstRetrySeconds,
                LongestRetrySeconds = longestRetrySeconds,
                Autostart = autostart && string.IsNullOrEmpty(urlOutside),
                Command = command,
                Arguments = BridgeArguments(),
            };
        }

        private List<string> BridgeArguments()
        {
            var words = new List<string>();
            string folder = Path.Combine(Application.streamingAssetsPath, characters);
            if (characters.Length > 0 && Directory.Exists(folder))
            {
                words.Add("--characters");
                words.Add(folder);
            }

            string file = Path.Combine(Application.streamingAssetsPath, events);
            if (events.Length > 0 && File.Exists(file))
            {
                words.Add("--events");
                words.Add(file);
            }

            words.AddRange(arguments);
            return words;
        }
    }
}
