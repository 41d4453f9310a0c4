// The labels of Unity's two text packages, as far as the package touches them.
namespace TMPro
{
    public abstract class TMP_Text : UnityEngine.MonoBehaviour
    {
        public string text { get; set; } = "";

        public bool richText { get; set; } = true;

        public bool parseCtrlCharacters { get; set; } = true;

        public int maxVisibleCharacters { get; set; } = 99999;
    }

    public class TextMeshPro : TMP_Text
    {
    }
}

namespace UnityEngine.UI
{
    public class Text : MonoBehaviour
    {
        public string text { get; set; } = "";

        public bool supportRichText { get; set; } = true;
    }
}
