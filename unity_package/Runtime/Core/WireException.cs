using System;

namespace NpcBridge.Core
{
    /// <summary>What came in is not a message, or not one that this client can read. It costs that message and nothing else.</summary>
    /// <remarks>The text names the flaw and never holds what was said.</remarks>
    public sealed class WireException : Exception
    {
        /// <summary>Make one with this text.</summary>
        public WireException(string message)
            : base(message)
        {
        }
    }
}
