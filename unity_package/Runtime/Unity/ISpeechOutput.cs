namespace NpcBridge
{
    /// <summary>Shows a text, part of it visible: a label of any kind. Add it beside an <see cref="NpcSpeechText"/>.</summary>
    /// <remarks>The text is what a model wrote. It must be shown as it is: whoever implements this turns rich text off in the label.</remarks>
    public interface ISpeechOutput
    {
        /// <summary>Show this.</summary>
        /// <param name="text">The whole text that has come in so far.</param>
        /// <param name="visible">How much of it is visible, as an index into <paramref name="text"/>.</param>
        /// <param name="visibleCodePoints">The same in Unicode code points, for labels that count these.</param>
        void Show(string text, int visible, int visibleCodePoints);
    }
}
