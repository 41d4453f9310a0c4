using TMPro;
using UnityEngine;

namespace NpcBridge
{
    /// <summary>Shows an NPC's words in a TextMeshPro label, of the canvas or in the world. Put it beside the <see cref="NpcSpeechText"/>.</summary>
    [AddComponentMenu("NPC Bridge/NPC TextMeshPro Output")]
    public sealed class NpcTextMeshProOutput : MonoBehaviour, ISpeechOutput
    {
        [Tooltip("Empty: the label on this object.")]
        [SerializeField] private TMP_Text label = null;

        /// <summary>The label.</summary>
        public TMP_Text Label { get => label; set => label = value; }

        /// <inheritdoc/>
        public void Show(string text, int visible, int visibleCodePoints)
        {
            if (label == null)
            {
                label = GetComponent<TMP_Text>();
            }

            if (label == null)
            {
                return;
            }

            // What the model wrote is only ever text: no tags, and no "\n" written as two characters.
            label.richText = false;
            label.parseCtrlCharacters = false;
            label.text = text;
            // The whole text is laid out at once, so no word jumps to the next line while it is typed. TextMeshPro counts code points.
            label.maxVisibleCharacters = visibleCodePoints;
        }
    }
}
