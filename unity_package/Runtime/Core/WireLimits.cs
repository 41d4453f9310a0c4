using System;
using System.Text;

namespace NpcBridge.Core
{
    /// <summary>The limits of the protocol, and what both codecs share.</summary>
    public static class WireLimits
    {
        /// <summary>The version of the protocol that this client speaks.</summary>
        public const int Protocol = 1;

        /// <summary>How many maps and lists may be inside one another, the message being the first.</summary>
        public const int MaxDepth = 32;

        /// <summary>How many maps and lists one message may hold.</summary>
        public const int MaxContainers = 4096;

        /// <summary>What the bridge reads of one websocket message at most, in bytes, unless it was set to take more.</summary>
        public const int MaxFrameBytes = 4 * 1024 * 1024;

        /// <summary>Limit of one message of the bridge, in bytes; only a saved state comes near it.</summary>
        public const int MaxAnswerBytes = 16 * 1024 * 1024;

        /// <summary>How many characters a line of the player may have.</summary>
        public const int MaxSayChars = 8000;

        /// <summary>How many clips an NPC may declare.</summary>
        public const int MaxClips = 512;

        /// <summary>How many aliases a clip may have.</summary>
        public const int MaxAliases = 64;

        /// <summary>How many targets an NPC may declare.</summary>
        public const int MaxTargets = 256;

        /// <summary>How many aliases a target may have.</summary>
        public const int MaxTargetAliases = 32;

        /// <summary>How many characters a note may have.</summary>
        public const int MaxNoteChars = 8000;

        /// <summary>How many characters a name may have.</summary>
        public const int MaxNameChars = 120;

        /// <summary>The close code of a connection whose session goes on in another one.</summary>
        public const int SessionTaken = 4009;

        internal static readonly UTF8Encoding StrictUtf8 = new UTF8Encoding(false, true);
        internal static readonly UTF8Encoding LenientUtf8 = new UTF8Encoding(false, false);

        /// <summary>Whether the same client, trying again, would be refused again.</summary>
        public static bool IsFinal(int closeCode)
        {
            return (closeCode >= 4000 && closeCode <= 4004) || closeCode == SessionTaken;
        }

        internal static void CheckSize(byte[] frame, int maxBytes)
        {
            if (frame.Length > maxBytes)
            {
                throw new WireException("the message has " + frame.Length + " bytes, the limit is " + maxBytes);
            }

            if (frame.Length == 0)
            {
                throw new WireException("the message is empty");
            }
        }

        internal static string TextOf(byte[] octets, int start, int count)
        {
            try
            {
                string text = StrictUtf8.GetString(octets, start, count);
                // Mono's decoder lets encoded surrogates pass.
                return HasLoneSurrogate(text) ? throw new WireException("the message holds text that is not UTF-8") : text;
            }
            catch (ArgumentException)
            {
                throw new WireException("the message holds text that is not UTF-8");
            }
        }

        internal static bool HasLoneSurrogate(string text)
        {
            for (int i = 0; i < text.Length; i++)
            {
                if (!char.IsSurrogate(text[i]))
                {
                    continue;
                }

                if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
                {
                    i++;
                }
                else
                {
                    return true;
                }
            }

            return false;
        }
    }
}
