using System;

namespace NpcBridge.Core
{
    /// <summary>How far a connection is.</summary>
    public enum TransportState
    {
        /// <summary>It is being made.</summary>
        Connecting,

        /// <summary>Frames go both ways.</summary>
        Open,

        /// <summary>It is over. Frames that came before may still wait to be received.</summary>
        Closed,
    }

    /// <summary>
    /// One attempt at a connection to the bridge; a new one is made for each attempt. The members are called from one thread and never wait.
    /// </summary>
    /// <remarks><see cref="WebSocketTransport"/> is the one to use. Platforms that have no sockets of their own can bring another.</remarks>
    public interface ITransport : IDisposable
    {
        /// <summary>How far it is.</summary>
        TransportState State { get; }

        /// <summary>How it ended: a close code, or -1 when none came.</summary>
        int CloseCode { get; }

        /// <summary>What the other side said when it closed, or what went wrong.</summary>
        string CloseReason { get; }

        /// <summary>How many frames were dropped because the game did not take them in time.</summary>
        long Dropped { get; }

        /// <summary>Bytes received so far.</summary>
        long BytesIn { get; }

        /// <summary>Bytes sent so far.</summary>
        long BytesOut { get; }

        /// <summary>Take the next frame that came in. False if there is none.</summary>
        bool TryReceive(out byte[] frame);

        /// <summary>Send a frame after those before it. False if too much waits already.</summary>
        bool Send(byte[] frame);

        /// <summary>Say goodbye in the background; what was sent before goes first.</summary>
        void Close(int code, string reason);

        /// <summary>Wait until it is over, for at most so many milliseconds, then break it off.</summary>
        void End(int milliseconds);
    }
}
