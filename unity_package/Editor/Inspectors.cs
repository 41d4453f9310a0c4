using System.Collections.Generic;
using UnityEditor;
using UnityEditor.Animations;
using UnityEngine;

namespace NpcBridge.Editor
{
    /// <summary>The inspector of <see cref="NpcCharacter"/>: shows mistakes, and reads the states that a running game cannot.</summary>
    [CustomEditor(typeof(NpcCharacter))]
    internal sealed class NpcCharacterInspector : UnityEditor.Editor
    {
        public override void OnInspectorGUI()
        {
            var character = (NpcCharacter)target;
            DrawDefaultInspector();
            Boxes.Draw(Mistakes.Of(character));
            if (character.Animator != null && GUILayout.Button("Read the Animator's states"))
            {
                Undo.RecordObject(character, "Read the Animator's states");
                character.States = StatesOf(character.Animator.runtimeAnimatorController).ToArray();
                EditorUtility.SetDirty(character);
            }
        }

        private static List<string> StatesOf(RuntimeAnimatorController controller)
        {
            var names = new List<string>();
            if (controller is AnimatorOverrideController over)
            {
                controller = over.runtimeAnimatorController;
            }

            if (controller is AnimatorController editable && editable.layers.Length > 0)
            {
                foreach (ChildAnimatorState child in editable.layers[0].stateMachine.states)
                {
                    names.Add(child.state.name);
                }
            }

            return names;
        }
    }

    /// <summary>The inspector of <see cref="NpcCuePlayer"/>.</summary>
    [CustomEditor(typeof(NpcCuePlayer))]
    internal sealed class NpcCuePlayerInspector : UnityEditor.Editor
    {
        public override void OnInspectorGUI()
        {
            DrawDefaultInspector();
            Boxes.Draw(Mistakes.Of((NpcCuePlayer)target));
        }
    }

    /// <summary>The inspector of <see cref="NpcSpeechText"/>.</summary>
    [CustomEditor(typeof(NpcSpeechText))]
    internal sealed class NpcSpeechTextInspector : UnityEditor.Editor
    {
        public override void OnInspectorGUI()
        {
            DrawDefaultInspector();
            Boxes.Draw(Mistakes.Of((NpcSpeechText)target));
        }
    }

    /// <summary>The inspector of <see cref="NpcEventSource"/>.</summary>
    [CustomEditor(typeof(NpcEventSource))]
    internal sealed class NpcEventSourceInspector : UnityEditor.Editor
    {
        public override void OnInspectorGUI()
        {
            var source = (NpcEventSource)target;
            DrawDefaultInspector();
            Boxes.Draw(Mistakes.Of(source));
            if (Application.isPlaying && GUILayout.Button("Fire"))
            {
                source.Fire();
            }
        }
    }

    internal static class Boxes
    {
        public static void Draw(List<string> mistakes)
        {
            foreach (string mistake in mistakes)
            {
                EditorGUILayout.HelpBox(mistake, MessageType.Warning);
            }
        }
    }
}
