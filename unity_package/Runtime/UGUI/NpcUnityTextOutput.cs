using UnityEngine;
using UnityEngine.UI;

namespace NpcBridge
{
    /// <summary>Shows an NPC's words in the canvas's plain text label. Put it beside the <see cref="NpcSpeechText"/>.</summary>
    [AddComponentMenu("NPC Bridge/NPC Unity Text Output")]
    public sealed class NpcUnityTextOutput : MonoBehaviour, ISpeechOutput
    {
        [Tooltip("Empty: the label on this object.")]
        [SerializeField] private Text label = null;

        /// <summary>The label.</summary>
        public Text Label { get => label; set => label = value; }

        /// <inheritdoc/>
        public void Show(string text, int visible, int visibleCodePoints)
        {
            if (label == null)
            {
                label = GetComponent<Text>();
            }

            if (label == null)
            {
                return;
            }

            // What the model wrote is only ever text.
            label.supportRichText = false;
            label.text = text.Substring(0, visible);
        }
    }
}
