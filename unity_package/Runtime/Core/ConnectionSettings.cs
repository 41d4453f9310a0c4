using System;
using System.Collections.Generic;

namespace NpcBridge.Core
{
    /// <summary>Where the bridge is and how to talk with it.</summary>
    public sealed class ConnectionSettings
    {
        /// <summary>Where to connect; with <see cref="Autostart"/> the started bridge says it.</summary>
        public string Url { get; set; } = "ws://127.0.0.1:8765";

        /// <summary>What lets this game in.</summary>
        public string Token { get; set; } = "";

        /// <summary>Whether messages are JSON, which is easier to read in a log, and not msgpack.</summary>
        public bool Json { get; set; }

        /// <summary>Name and version of the engine, for the bridge's log.</summary>
        public string Engine { get; set; } = "";

        /// <summary>The first wait before connecting again, in seconds.</summary>
        public double FirstRetrySeconds { get; set; } = 0.5;

        /// <summary>The longest wait before connecting again, in seconds.</summary>
        public double LongestRetrySeconds { get; set; } = 10;

        /// <summary>Whether the game starts the bridge itself.</summary>
        public bool Autostart { get; set; }

        /// <summary>The command that runs the bridge: a program's name or path.</summary>
        public string Command { get; set; } = "npc-bridge";

        /// <summary>What follows the command's own <c>serve --port 0 --json --exit-with-parent</c>.</summary>
        public IReadOnlyList<string> Arguments { get; set; } = new string[0];

        /// <summary>Makes the connection; for tests and for platforms that bring their own.</summary>
        public Func<Uri, ICodec, ITransport> Transport { get; set; } =
            (address, codec) => new WebSocketTransport(address, codec.Subprotocol, codec.IsBinary);
    }
}
