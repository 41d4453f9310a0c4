using NpcBridge;
using UnityEngine;

/// <summary>A conversation on the screen, with nothing but Unity's oldest user interface: no font, canvas or package is needed.</summary>
public class TavernTalk : MonoBehaviour
{
    [SerializeField] private NpcCharacter npc = null;
    [SerializeField] private NpcSpeechText speech = null;

    private string _line = "";
    private string _lastCue = "";
    private byte[] _saved;

    /// <summary>Who is talked to, and where the words appear.</summary>
    public void Set(NpcCharacter who, NpcSpeechText where)
    {
        npc = who;
        speech = where;
    }

    private void OnEnable()
    {
        npc.CueReached += ShowCue;
        npc.ThinkingStarted += ShowCue;
    }

    private void OnDisable()
    {
        npc.CueReached -= ShowCue;
        npc.ThinkingStarted -= ShowCue;
    }

    private void ShowCue(NpcCue cue)
    {
        _lastCue = cue.Clip.Length > 0 ? cue.Clip : "(" + cue.Action + ")";
        _lastCue += cue.Target.Length > 0 ? " → " + cue.Target : "";
    }

    private void OnGUI()
    {
        GUILayout.BeginArea(new Rect(20, 20, 480, 300));
        string who = npc.Profile != null ? npc.Profile.Name : NpcBridgeConnection.Instance.StateName;
        GUILayout.Label(who + ": " + NpcSpeechText.WithoutTags(speech.VisibleText));
        GUILayout.Label(_lastCue);
        _line = GUILayout.TextField(_line, 400);
        GUILayout.BeginHorizontal();
        if (GUILayout.Button("Say"))
        {
            npc.Say(_line);
            _line = "";
        }

        if (GUILayout.Button("Interrupt"))
        {
            npc.Interrupt();
        }

        if (GUILayout.Button("Let it rain"))
        {
            NpcBridgeConnection.Instance.Tell("rain_started");
        }

        if (GUILayout.Button("Draw a sword"))
        {
            npc.Tell("sword_drawn");
        }

        GUILayout.EndHorizontal();
        GUILayout.BeginHorizontal();
        if (GUILayout.Button("Say it again"))
        {
            npc.Regenerate();
        }

        if (GUILayout.Button("Save"))
        {
            NpcBridgeConnection.Instance.Save("", (saved, error) => _saved = error == null ? saved.Blob : _saved);
        }

        if (_saved != null && GUILayout.Button("Load"))
        {
            NpcBridgeConnection.Instance.Load(_saved);
        }

        GUILayout.EndHorizontal();
        GUILayout.EndArea();
    }
}
