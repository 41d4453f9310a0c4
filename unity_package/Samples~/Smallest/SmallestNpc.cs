using NpcBridge;
using UnityEngine;

/// <summary>The smallest NPC that talks: put this on any object, run <c>npc-bridge serve</c>, press Play, look at the console.</summary>
public class SmallestNpc : MonoBehaviour
{
    [SerializeField] private string character = "brom";
    [SerializeField] private string line = "Good evening! What a rain.";

    private void Start()
    {
        var npc = gameObject.AddComponent<NpcCharacter>();
        npc.Character = character;
        npc.CueReached += cue => Debug.Log("(" + cue.Action + ")");
        npc.TurnEnded += turn => Debug.Log(npc.Profile.Name + ": " + turn.Text);
        npc.Tell("rain_started");
        npc.Say(line);
    }
}
