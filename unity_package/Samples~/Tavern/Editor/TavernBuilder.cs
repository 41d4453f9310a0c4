using NpcBridge;
using UnityEditor;
using UnityEditor.Animations;
using UnityEditor.SceneManagement;
using UnityEngine;
using UnityEngine.SceneManagement;

/// <summary>Builds the tavern in a new scene: a scene file would be a thing that nobody can read before trusting it.</summary>
public static class TavernBuilder
{
    private const string ControllerPath = "Assets/TavernSmith.controller";

    /// <summary>Make the scene; nothing is saved but the Animator's controller.</summary>
    [MenuItem("Tools/NPC Bridge/Build the Tavern")]
    public static void Build()
    {
        if (!EditorSceneManager.SaveCurrentModifiedScenesIfUserWantsTo())
        {
            return;
        }

        EditorSceneManager.NewScene(NewSceneSetup.DefaultGameObjects, NewSceneMode.Single);
        GameObject floor = GameObject.CreatePrimitive(PrimitiveType.Plane);
        floor.name = "Floor";
        GameObject smith = MakeSmith();
        GameObject door = MakeDoor();
        NpcSpeechText speech = smith.GetComponent<NpcSpeechText>();
        new GameObject("Talk").AddComponent<TavernTalk>().Set(smith.GetComponent<NpcCharacter>(), speech);
        EditorSceneManager.MarkSceneDirty(SceneManager.GetActiveScene());
        Selection.activeGameObject = smith;
        Debug.Log("The tavern is built, with " + door.name + ". Run 'npc-bridge serve' and press Play.");
    }

    private static GameObject MakeSmith()
    {
        GameObject smith = GameObject.CreatePrimitive(PrimitiveType.Capsule);
        smith.name = "Smith";
        smith.transform.position = new Vector3(0, 1, 2);
        var animator = smith.AddComponent<Animator>();
        animator.runtimeAnimatorController = MakeController();
        var character = smith.AddComponent<NpcCharacter>();
        character.Character = "brom";
        character.Animator = animator;
        character.States = new[] { "nod", "wave", "laugh", "point" };
        character.Group = "tavern";
        smith.AddComponent<NpcCuePlayer>();
        smith.AddComponent<NpcSpeechText>();
        return smith;
    }

    private static AnimatorController MakeController()
    {
        AnimatorController controller = AnimatorController.CreateAnimatorControllerAtPath(ControllerPath);
        AnimatorStateMachine machine = controller.layers[0].stateMachine;
        foreach (string state in new[] { "Idle", "nod", "wave", "laugh", "point" })
        {
            // Empty states: give them your own animations, and the cues are seen.
            machine.AddState(state);
        }

        return controller;
    }

    private static GameObject MakeDoor()
    {
        var door = new GameObject("Door");
        door.transform.position = new Vector3(3, 1, 0);
        var box = door.AddComponent<BoxCollider>();
        box.isTrigger = true;
        box.size = new Vector3(1, 2, 1);
        var source = door.AddComponent<NpcEventSource>();
        source.EventName = "player_arrived";
        source.When = NpcEventMoment.TriggerEnter;
        source.OnlyFromTag = "Player";
        source.Scope = NpcEventScope.Group;
        source.Group = "tavern";
        door.AddComponent<NpcTarget>().TargetName = "door";
        return door;
    }
}
