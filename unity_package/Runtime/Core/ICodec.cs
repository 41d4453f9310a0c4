namespace NpcBridge.Core
{
    /// <summary>Messages to bytes and back. The two codecs of the protocol are <see cref="MsgpackCodec"/> and <see cref="JsonCodec"/>.</summary>
    public interface ICodec
    {
        /// <summary>What this codec is called when the connection is made.</summary>
        string Subprotocol { get; }

        /// <summary>Whether its messages go in binary frames; otherwise they are text in UTF-8.</summary>
        bool IsBinary { get; }

        /// <summary>The bytes of a message. Half a surrogate pair goes out as U+FFFD.</summary>
        /// <exception cref="WireException">A value has no meaning on the wire, or is nested too deep.</exception>
        byte[] Encode(WireMap message);

        /// <summary>The message in these bytes.</summary>
        /// <param name="frame">One whole message.</param>
        /// <param name="maxBytes">More than this is refused unread.</param>
        /// <exception cref="WireException">The bytes are not one message, or beyond a limit.</exception>
        WireMap Decode(byte[] frame, int maxBytes);
    }
}
